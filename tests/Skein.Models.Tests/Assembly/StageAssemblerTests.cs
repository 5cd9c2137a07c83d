using Skein.Core.Identity;
using Skein.Core.Units;
using Skein.Gguf;

namespace Skein.Models.Tests.Assembly;

public sealed class StageAssemblerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> TinyFamilies => new(SharedData.TinyFamilies);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(TinyFamilies))]
    public async Task AssembleStage_OfEveryTinyFamily_HoldsTheSpansTensors(string family)
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny(family), CancellationToken.None);
        var original = await ReadAsync(SharedData.Tiny(family));

        foreach (var span in BlockSpan.Cut(handle.BlockCount, [2, 3]))
        {
            var stage = await handle.AssembleStageAsync(span, CancellationToken.None);

            Assert.Equal(span, stage.Span);
            var block = span.First;
            foreach (var path in stage.Parts)
            {
                var part = await ReadAsync(path);
                Assert.Equal(handle.Architecture, part.Metadata.Architecture);
                Assert.Equal("no_vocab", part.Metadata.GetString("tokenizer.ggml.model"));
                for (var i = 0; i < part.Metadata.GetCount($"{handle.Architecture}.block_count"); i++, block++)
                {
                    var expected = await BytesAsync(SharedData.Tiny(family), original, $"blk.{block}.ffn_norm.weight");
                    Assert.Equal(expected, await BytesAsync(path, part, $"blk.{i}.ffn_norm.weight"));
                }
            }

            Assert.Equal(span.End, block);
        }
    }

    [Fact]
    public async Task AssembleStage_Twice_WritesOnce()
    {
        var resolver = Resolver();
        var handle = await resolver.ResolveAsync(SharedData.Tiny("llama"), CancellationToken.None);
        var first = await handle.AssembleStageAsync(new BlockSpan(1, 3), CancellationToken.None);
        var size = resolver.Cache.Size;
        var progress = new ProgressRecorder();

        var second = await handle.AssembleStageAsync(new BlockSpan(1, 3), CancellationToken.None, progress);

        Assert.Equal(first.Parts, second.Parts);
        Assert.Equal(size, resolver.Cache.Size);
        Assert.Empty(progress.Reports);
    }

    [Fact]
    public async Task AssembleStage_OfAFileCutShort_WritesItAgain()
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny("llama"), CancellationToken.None);
        var stage = await handle.AssembleStageAsync(new BlockSpan(1, 3), CancellationToken.None);
        var whole = await File.ReadAllBytesAsync(stage.Parts[0]);
        await File.WriteAllBytesAsync(stage.Parts[0], whole[..1000]);

        await handle.AssembleStageAsync(new BlockSpan(1, 3), CancellationToken.None);

        Assert.Equal(whole, await File.ReadAllBytesAsync(stage.Parts[0]));
    }

    [Fact]
    public async Task AssembleStage_Progress_EndsAtTheTotal()
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny("gemma3"), CancellationToken.None);
        var progress = new ProgressRecorder();

        var stage = await handle.AssembleStageAsync(new BlockSpan(2, 6), CancellationToken.None, progress);

        var last = progress.Reports[^1];
        Assert.Equal(last.Total, last.Done);
        Assert.Equal(stage.Parts.Sum(path => new FileInfo(path).Length), last.Total);
        Assert.Equal(progress.Reports.OrderBy(report => report.Done), progress.Reports);
    }

    [Fact]
    public async Task AssembleStage_OfASpanOutsideTheModel_IsRefused()
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny("llama"), CancellationToken.None);

        var error = await Assert.ThrowsAsync<ModelException>(() => handle.AssembleStageAsync(new BlockSpan(0, handle.BlockCount + 1), CancellationToken.None));

        Assert.Equal(ModelError.BadSpan, error.Error);
    }

    [Theory]
    [MemberData(nameof(TinyFamilies))]
    public async Task AssembleEdge_OfEveryTinyFamily_KeepsTheVocabulary(string family)
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny(family), CancellationToken.None);
        var original = await ReadAsync(SharedData.Tiny(family));

        var edge = await handle.AssembleEdgeAsync(CancellationToken.None);

        var file = await ReadAsync(edge.Embedding);
        Assert.Equal(edge.Embedding, edge.Head);
        Assert.Equal(1, file.Metadata.GetCount($"{handle.Architecture}.block_count"));
        Assert.Equal(original.Metadata["tokenizer.ggml.tokens"], file.Metadata["tokenizer.ggml.tokens"]);
        Assert.Equal(
            await BytesAsync(SharedData.Tiny(family), original, "token_embd.weight"),
            await BytesAsync(edge.Embedding, file, "token_embd.weight"));
    }

    [Fact]
    public async Task AssembleEdge_OfGemma2_ScalesRowsOfTheHead()
    {
        var handle = await Resolver().ResolveAsync(SharedData.Tiny("gemma2"), CancellationToken.None);

        var edge = await handle.AssembleEdgeAsync(CancellationToken.None);
        var stage = await handle.AssembleStageAsync(new BlockSpan(0, 2), CancellationToken.None);

        Assert.Equal(64, handle.Width);
        Assert.Equal(1f / 8f, edge.HeadRowScale);
        Assert.Equal(1f / 8f, stage.RowScale);
    }

    [Fact]
    public async Task Resolve_TheSameFileAgain_DoesNotHashItAgain()
    {
        var resolver = Resolver();
        var first = await resolver.ResolveAsync(SharedData.Tiny("qwen3"), CancellationToken.None);
        var progress = new ProgressRecorder();

        var second = await resolver.ResolveAsync(SharedData.Tiny("qwen3"), CancellationToken.None, progress);

        Assert.Equal(first.Digest, second.Digest);
        Assert.Empty(progress.Reports);
    }

    [Fact]
    public async Task Resolve_AChangedFile_GivesAnotherDigest()
    {
        var resolver = Resolver();
        var copy = _folder["model.gguf"];
        File.Copy(SharedData.Tiny("qwen3"), copy);
        File.SetLastWriteTimeUtc(copy, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var before = await resolver.ResolveAsync(copy, CancellationToken.None);

        using (var file = File.Open(copy, FileMode.Open))
        {
            file.Seek(-4, SeekOrigin.End);
            file.WriteByte(0x77);
        }

        var after = await resolver.ResolveAsync(copy, CancellationToken.None);

        Assert.NotEqual(before.Digest, after.Digest);
    }

    [Fact]
    public async Task Cache_BeyondItsBound_DropsTheFileUnusedForLongest()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 25, 0, 0, 0, TimeSpan.Zero));
        var cache = new StageCache(_folder["cache"], new ByteSize(250), time);
        var paths = new List<string>();
        for (byte i = 0; i < 3; i++)
        {
            paths.Add(await AddAsync(cache, i));
            time.Advance(TimeSpan.FromHours(1));
            if (i == 1)
            {
                await AddAsync(cache, 0);
            }
        }

        Assert.True(File.Exists(paths[0]));
        Assert.False(File.Exists(paths[1]));
        Assert.True(File.Exists(paths[2]));
    }

    [Fact]
    public async Task Cache_BeyondItsBound_KeepsWhatWasJustHandedOut()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 25, 0, 0, 0, TimeSpan.Zero));
        var cache = new StageCache(_folder["cache"], new ByteSize(150), time);

        var first = await AddAsync(cache, 1);
        await AddAsync(cache, 2);

        Assert.True(File.Exists(first));
    }

    private static ValueTask<string> AddAsync(StageCache cache, byte content)
        => cache.GetOrAddAsync(Sha256Digest.Compute([content]), 100, (stream, token) => stream.WriteAsync(new byte[100], token), CancellationToken.None);

    private static async Task<GgufFile> ReadAsync(string path)
    {
        await using var source = FileRangeSource.Open(path);
        return await GgufReader.ReadAsync(source, null, CancellationToken.None);
    }

    private static async Task<byte[]> BytesAsync(string path, GgufFile file, string name)
    {
        await using var source = FileRangeSource.Open(path);
        var tensor = file.GetTensor(name);
        var bytes = new byte[tensor.ByteLength];
        await source.ReadAsync(tensor.Offset, bytes, CancellationToken.None);
        return bytes;
    }

    private ModelResolver Resolver() => new(SkeinHome.In(_folder.Path), TimeProvider.System);
}
