using CsCheck;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models.Tests.Families;

public sealed class StagePlanTests
{
    [Theory]
    [InlineData("gemma3", 6)]
    [InlineData("gemma2", 2)]
    public void ForSpan_OfEverySpan_SlidesAsTheWholeModelDoes(string architecture, int period)
    {
        const int Blocks = 20;
        var metadata = Metadata(architecture, Blocks).With($"{architecture}.attention.sliding_window", GgufValue.UInt32(512));

        for (var first = 0; first < Blocks; first++)
        {
            for (var end = first + 1; end <= Blocks; end++)
            {
                var plan = StagePlan.ForSpan(metadata, new BlockSpan(first, end));

                Assert.InRange(plan.Parts.Count, 1, 2);
                Assert.Equal(
                    Enumerable.Range(first, end - first).Select(block => (block + 1) % period != 0),
                    plan.Parts.SelectMany(part => Slides(architecture, part)));
            }
        }
    }

    [Fact]
    public void ForSpan_OfAnyPeriod_SlidesAsTheWholeModelDoes()
        => Gen.Select(Gen.Int[1, 12], Gen.Int[0, 60], Gen.Int[1, 40]).Sample((period, first, count) =>
        {
            var metadata = Metadata("gemma3", 100)
                .With("gemma3.attention.sliding_window", GgufValue.UInt32(512))
                .With("gemma3.attention.sliding_window_pattern", GgufValue.UInt32((uint)period));

            var plan = StagePlan.ForSpan(metadata, new BlockSpan(first, first + count));

            Assert.Equal(
                Enumerable.Range(first, count).Select(block => (block + 1) % period != 0),
                plan.Parts.SelectMany(part => Slides("gemma3", part)));
        });

    [Theory]
    [InlineData(5, 11, 2)]
    [InlineData(0, 5, 1)]
    [InlineData(3, 6, 1)]
    [InlineData(3, 8, 1)]
    [InlineData(3, 9, 2)]
    [InlineData(6, 18, 1)]
    public void ForSpan_OfGemma3_TakesTwoFilesOnlyWhereOneCannotDo(int first, int end, int files)
    {
        var metadata = Metadata("gemma3", 18).With("gemma3.attention.sliding_window", GgufValue.UInt32(512));

        Assert.Equal(files, StagePlan.ForSpan(metadata, new BlockSpan(first, end)).Parts.Count);
    }

    [Fact]
    public void ForSpan_OfGemma3WithoutAWindow_IsOneFile()
        => Assert.Single(StagePlan.ForSpan(Metadata("gemma3", 18), new BlockSpan(5, 11)).Parts);

    [Fact]
    public void ForSpan_OfAPatternOfItsOwn_IsRefused()
    {
        var metadata = Metadata("gemma3", 4)
            .With("gemma3.attention.sliding_window", GgufValue.UInt32(512))
            .With("gemma3.attention.sliding_window_pattern", GgufValue.Array(true, false, true, false));

        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(metadata, new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedModel, error.Error);
    }

    [Fact]
    public void ForSpan_OfTheDefaultPatternAsFlags_IsTheDefault()
    {
        var metadata = Metadata("gemma3", 7)
            .With("gemma3.attention.sliding_window", GgufValue.UInt32(512))
            .With("gemma3.attention.sliding_window_pattern", GgufValue.Array(true, true, true, true, true, false, true));

        Assert.Equal([true, false, true], StagePlan.ForSpan(metadata, new BlockSpan(4, 7)).Parts.SelectMany(part => Slides("gemma3", part)));
    }

    [Fact]
    public void ForSpan_OfGranite_SetsTheEmbeddingScaleToOne()
    {
        var metadata = Metadata("granite", 8).With("granite.embedding_scale", GgufValue.Float32(12f));

        var part = Assert.Single(StagePlan.ForSpan(metadata, new BlockSpan(0, 3)).Parts);
        var (embedding, head, scale) = StagePlan.ForEdge(metadata);

        Assert.Contains(KeyValuePair.Create("granite.embedding_scale", GgufValue.Float32(1f)), part.Rules.Metadata);
        Assert.Empty(embedding.Metadata);
        Assert.Contains(KeyValuePair.Create("granite.embedding_scale", GgufValue.Float32(1f)), head.Metadata);
        Assert.Equal(1f, scale);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    [InlineData("qwen3moe")]
    public void ForSpan_OfAPlainFamily_ChangesNothing(string architecture)
    {
        var plan = StagePlan.ForSpan(Metadata(architecture, 8), new BlockSpan(2, 5));

        Assert.Empty(Assert.Single(plan.Parts).Rules.Metadata);
        Assert.False(plan.Parts[0].Rules.NeedsOutputTensor);
        Assert.Equal(1f, plan.RowScale);
    }

    [Theory]
    [InlineData("olmo2")]
    [InlineData("qwen2moe")]
    public void ForSpan_OfAFamilyThatDemandsAHead_AsksForOne(string architecture)
        => Assert.True(StagePlan.ForSpan(Metadata(architecture, 8), new BlockSpan(2, 5)).Parts[0].Rules.NeedsOutputTensor);

    [Theory]
    [InlineData("llama", 576, true)]
    [InlineData("gemma2", 64, true)]
    [InlineData("gemma2", 2304, false)]
    [InlineData("gemma3", 640, true)]
    public void IsExact_OfAWidth_IsFalseWhereRowsRound(string architecture, int width, bool isExact)
        => Assert.Equal(isExact, StagePlan.ForSpan(Metadata(architecture, 8).With($"{architecture}.embedding_length", GgufValue.UInt32((uint)width)), new BlockSpan(0, 4)).IsExact);

    [Theory]
    [InlineData("smollm3", 4, 8, true)]
    [InlineData("smollm3", 4, 10, true)]
    [InlineData("smollm3", 3, 8, false)]
    [InlineData("smollm3", 4, 6, false)]
    [InlineData("cohere2", 4, 8, true)]
    [InlineData("cohere2", 3, 8, false)]
    public void ForSpan_OfAFamilyCutAtMultiples_RefusesOthers(string architecture, int first, int end, bool isTaken)
    {
        var metadata = Metadata(architecture, 10);
        if (isTaken)
        {
            Assert.Single(StagePlan.ForSpan(metadata, new BlockSpan(first, end)).Parts);
            return;
        }

        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(metadata, new BlockSpan(first, end)));
        Assert.Equal(ModelError.BadSpan, error.Error);
        Assert.Contains("multiples of 4", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 2, 3u)]
    [InlineData(2, 5, 1u)]
    [InlineData(3, 5, 0u)]
    [InlineData(6, 8, 0u)]
    public void ForSpan_OfDeepSeek_CountsTheDenseBlocksThatAreLeft(int first, int end, uint dense)
    {
        var part = Assert.Single(StagePlan.ForSpan(Metadata("deepseek2", 8).With("deepseek2.leading_dense_block_count", GgufValue.UInt32(3)), new BlockSpan(first, end)).Parts);

        Assert.Contains(KeyValuePair.Create("deepseek2.leading_dense_block_count", GgufValue.UInt32(dense)), part.Rules.Metadata);
        Assert.Contains(KeyValuePair.Create("deepseek2.attention.q_lora_rank", GgufValue.UInt32(0)), part.Rules.Metadata);
    }

    [Theory]
    [InlineData(26)]
    [InlineData(27)]
    public void ForSpan_OfDeepSeek_NeverMakesAFileThatLooksLite(int blocks)
    {
        var plan = StagePlan.ForSpan(Metadata("deepseek2", 61), new BlockSpan(5, 5 + blocks));

        Assert.Equal(2, plan.Parts.Count);
        Assert.Equal(5, plan.Parts[0].Span.First);
        Assert.Equal(plan.Parts[0].Span.End, plan.Parts[1].Span.First);
        Assert.Equal(5 + blocks, plan.Parts[1].Span.End);
    }

    [Theory]
    [InlineData("gemma2", 46)]
    [InlineData("gemma3", 62)]
    public void ForSpan_OfGemma27B_IsRefused(string architecture, int blocks)
    {
        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(Metadata(architecture, blocks), new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedModel, error.Error);
        Assert.Contains("27B", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemma3n")]
    [InlineData("gemma4")]
    [InlineData("rwkv7")]
    [InlineData("mamba")]
    public void ForSpan_OfARefusedFamily_SaysWhy(string architecture)
    {
        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(Metadata(architecture, 8), new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedArchitecture, error.Error);
        Assert.Contains(ModelFamilies.All.Single(rules => rules.Architecture == architecture).Refusal!, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForSpan_OfAnUnknownArchitecture_NamesIt()
    {
        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(Metadata("grok9", 8), new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedArchitecture, error.Error);
        Assert.Contains("grok9", error.Message, StringComparison.Ordinal);
        Assert.Contains("llama", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\u001b[2J")]
    [InlineData("two words")]
    public void ForSpan_OfAnArchitectureThatIsNoName_IsRefusedWithoutShowingIt(string architecture)
    {
        var metadata = Metadata("llama", 8).With("general.architecture", GgufValue.String(architecture));

        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(metadata, new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedModel, error.Error);
        Assert.DoesNotContain('\u001b', error.Message);
    }

    [Fact]
    public void ForSpan_OfExtraPredictionBlocks_IsRefused()
    {
        var error = Assert.Throws<ModelException>(() => StagePlan.ForSpan(Metadata("llama", 8).With("llama.nextn_predict_layers", GgufValue.UInt32(1)), new BlockSpan(0, 2)));

        Assert.Equal(ModelError.UnsupportedModel, error.Error);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(513u)]
    [InlineData(uint.MaxValue)]
    public void ForSpan_OfAnAbsurdNumberOfBlocks_IsRefused(uint blocks)
    {
        var metadata = Metadata("llama", 1).With("llama.block_count", GgufValue.UInt32(blocks));

        Assert.Equal(ModelError.UnsupportedModel, Assert.Throws<ModelException>(() => StagePlan.ForSpan(metadata, new BlockSpan(0, 1))).Error);
    }

    private static GgufMetadata Metadata(string architecture, int blocks) => GgufMetadata.Empty
        .With("general.architecture", GgufValue.String(architecture))
        .With($"{architecture}.block_count", GgufValue.UInt32((uint)blocks))
        .With($"{architecture}.embedding_length", GgufValue.UInt32(64))
        .With($"{architecture}.context_length", GgufValue.UInt32(128));

    // As llama.cpp reads a period: block i of the file is full if i % period is period - 1. A file of full blocks alone has no window, or an endless one.
    private static IEnumerable<bool> Slides(string architecture, StagePlanPart part)
    {
        var window = part.Rules.Metadata.SingleOrDefault(entry => entry.Key == $"{architecture}.attention.sliding_window").Value;
        if (window is not null)
        {
            Assert.True(window.TryGetInt64(out var length));
            Assert.Contains(length, new long[] { 0, 1 << 30 });
            return Enumerable.Repeat(false, part.Span.Count);
        }

        var (_, value) = part.Rules.Metadata.Single(entry => entry.Key == $"{architecture}.attention.sliding_window_pattern");
        Assert.True(value.TryGetInt64(out var period));
        return Enumerable.Range(0, part.Span.Count).Select(i => i % period < period - 1);
    }
}
