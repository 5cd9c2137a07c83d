using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Engine.Edge;
using Skein.Engine.Stages;
using Skein.Engine.Tokenizing;
using Skein.Engine.Whole;
using Skein.Gguf;

namespace Skein.Engine.Tests.Parity;

public sealed class SmolLm2ParityTests
{
    [Fact]
    public async Task Chain_SmolLm2CutAtTenAndTwenty_EqualsWholeBitForBit()
    {
        var path = SharedData.SmolLm2;
        using var tokenizer = LlamaTokenizer.Load(path);
        var tokens = tokenizer.Tokenize(File.ReadAllText(SharedData.Text("prose.txt"))[..2000], true, false);
        var dir = Directory.CreateTempSubdirectory();
        var stages = new List<EngineStage>();
        await using var source = FileRangeSource.Open(path);
        var file = await GgufReader.ReadAsync(source, null, default);
        foreach (var span in BlockSpan.Cut(30, [10, 20]))
        {
            var p = Path.Combine(dir.FullName, $"s{span.First}.gguf");
            await using (var s = File.Create(p))
            {
                await GgufSlicer.WriteSpanAsync(file, source, span, SliceRules.None, s, null, default);
            }

            stages.Add(EngineStage.Load(new StageSource(span, [p]), new EngineStageOptions { KvTokenBudget = 2048, MaxSequences = 4 }));
        }

        var ep = Path.Combine(dir.FullName, "edge.gguf");
        await using (var s = File.Create(ep))
        {
            await GgufSlicer.WriteEdgeAsync(file, source, SliceRules.None, s, null, default);
        }

        await using var edge = EdgeStage.Load(new EdgeSource(ep, ep), new EdgeStageOptions());
        using var whole = WholeModel.Load(path, new WholeModelOptions());
        var sequences = new List<IStageSequence>();
        foreach (var st in stages)
        {
            sequences.Add(await st.OpenSequenceAsync(512, default));
        }

        var pos = 0;
        double max = 0;
        foreach (var n in new[] { 5, 1, 16, 1, 64, 1, 1, 1 })
        {
            var part = tokens[pos..(pos + n)];
            var rows = await edge.EmbedAsync(part, default);
            foreach (var sq in sequences)
            {
                rows = await sq.StepAsync(rows, pos, StepKind.Decode, default);
            }

            var logits = await edge.ComputeLogitsAsync(rows, default);
            var expected = whole.Forward([.. part.Select((t, i) => new WholeRow(t, pos + i, 0))]);
            for (var i = 0; i < expected.Length; i++)
            {
                max = Math.Max(max, Math.Abs(expected[i] - logits.Span[i]));
            }

            pos += n;
        }

        foreach (var st in stages)
        {
            await st.DisposeAsync();
        }

        dir.Delete(true);
        Assert.Equal(0, max);
    }
}
