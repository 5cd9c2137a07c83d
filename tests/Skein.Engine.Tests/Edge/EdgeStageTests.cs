using Skein.Core.Stages;
using Skein.Engine.Edge;
using Skein.Engine.Errors;
using Skein.Engine.Tests.Parity;
using Skein.Engine.Tests.Stages;
using Skein.Models;

namespace Skein.Engine.Tests.Edge;

[Collection(EngineCollection.Name)]
public sealed class EdgeStageTests(TestModels models)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EmbedAsync_OfManyCallersAtOnce_GivesEachItsOwnRows()
    {
        await using var edge = await LoadAsync("qwen3", new EdgeStageOptions { EmbeddingRows = 16, HeadRows = 4 });
        var single = new Dictionary<int, float[]>();
        for (var token = 0; token < 64; token++)
        {
            using var row = await edge.EmbedAsync(new[] { token }, Token);
            single[token] = row.Span.ToArray();
        }

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            // Longer than a batch, so that slices of several callers mix.
            var tokens = Enumerable.Range(0, 1 + i).Select(n => (n + i) % 64).ToArray();
            using var rows = await edge.EmbedAsync(tokens, Token);
            for (var n = 0; n < tokens.Length; n++)
            {
                Assert.Equal(single[tokens[n]], rows.Row(n).ToArray());
            }
        }, Token)));
    }

    [Fact]
    public async Task ComputeLogitsAsync_OfMoreRowsThanABatch_GivesEachRowItsLogits()
    {
        await using var edge = await LoadAsync("qwen3", new EdgeStageOptions { HeadRows = 4 });
        using var rows = StageFixture.Rows(11, edge.Width);
        using var all = await edge.ComputeLogitsAsync(rows, Token);
        Assert.Equal((11, edge.VocabularySize), (all.Rows, all.Width));
        for (var i = 0; i < rows.Rows; i++)
        {
            using var row = StageFixture.Part(rows, i, 1);
            using var one = await edge.ComputeLogitsAsync(row, Token);
            Assert.All(one.Span.ToArray().Zip(all.Row(i).ToArray()), pair => Assert.Equal(pair.First, pair.Second, 0.01));
        }
    }

    [Fact]
    public async Task Calls_WithMalformedInput_AreRefused()
    {
        await using var edge = await LoadAsync("llama", new EdgeStageOptions());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await edge.EmbedAsync(ReadOnlyMemory<int>.Empty, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await edge.EmbedAsync(new[] { -1 }, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await edge.EmbedAsync(new[] { edge.VocabularySize }, Token));
        using var narrow = StageFixture.Rows(1, edge.Width - 1);
        Assert.Equal(StageError.BadShape, (await Assert.ThrowsAsync<StageException>(async () => await edge.ComputeLogitsAsync(narrow, Token))).Error);
        using var poisoned = StageFixture.Rows(1, edge.Width);
        poisoned.Span[3] = float.NaN;
        Assert.Equal(StageError.NotFinite, (await Assert.ThrowsAsync<StageException>(async () => await edge.ComputeLogitsAsync(poisoned, Token))).Error);
    }

    [Fact]
    public async Task Calls_AfterDispose_AreRefusedAsClosed()
    {
        var edge = await LoadAsync("llama", new EdgeStageOptions());
        await edge.DisposeAsync();
        await edge.DisposeAsync();
        Assert.Equal(StageError.Closed, (await Assert.ThrowsAsync<StageException>(async () => await edge.EmbedAsync(new[] { 1 }, Token))).Error);
    }

    [Fact]
    public async Task EmbedAsync_CancelledOrNot_AlwaysEnds()
    {
        await using var edge = await LoadAsync("llama", new EdgeStageOptions { EmbeddingRows = 8 });
        var tokens = Enumerable.Repeat(1, 100).ToArray();
        var tasks = new List<Task>();
        for (var i = 0; i < 100; i++)
        {
            using var cancel = new CancellationTokenSource();
            var task = edge.EmbedAsync(tokens, cancel.Token).AsTask();
            if (i % 3 == 0)
            {
                await cancel.CancelAsync();
            }

            tasks.Add(Record.ExceptionAsync(async () => (await task).Dispose()).AsTask());
        }

        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60), Token);
        using var rows = await edge.EmbedAsync(tokens, Token);
        Assert.Equal(100, rows.Rows);
    }

    [Fact]
    public async Task LoadAsync_OfAWholeModel_IsRefused()
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => EdgeStage.LoadAsync(new EdgeSource(SharedData.Tiny("llama"), SharedData.Tiny("llama")), new EdgeStageOptions(), Token));
        Assert.Equal(EngineError.WrongModel, error.Error);
    }

    private async Task<EdgeStage> LoadAsync(string family, EdgeStageOptions options) => await (await models.GetAsync(SharedData.Tiny(family))).LoadEdgeAsync(options, Token);
}
