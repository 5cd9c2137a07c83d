using System.Diagnostics;
using Skein.Core.Identity;

namespace Skein.Models.Tests.Import;

/// <summary>How long a real model takes. The bounds are generous: what is measured is printed, what is asserted is only that nothing takes minutes.</summary>
public sealed class StoreTimingTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task SmolLm2_FromFileToStages_TakesSeconds()
    {
        using var folder = new TemporaryFolder();
        var store = new ModelStore(new StoreRoot(folder["store"], IsWritable: true));
        var importer = new ModelImporter(store);
        var name = ModelName.Parse("smollm2");

        await TimeAsync("import", () => importer.ImportAsync(name, SharedData.SmolLm2, new ImportOptions(), null, CancellationToken.None));
        await TimeAsync("import again", () => importer.ImportAsync(name, SharedData.SmolLm2, new ImportOptions(), null, CancellationToken.None));
        var handle = await new ModelResolver(store, SkeinHome.In(folder["home"]), TimeProvider.System).ResolveAsync("smollm2", CancellationToken.None);
        await TimeAsync("stage of ten blocks", () => handle.AssembleStageAsync(new BlockSpan(10, 20), CancellationToken.None));
        await TimeAsync("edge", () => handle.AssembleEdgeAsync(CancellationToken.None));
        await TimeAsync("stage again", () => handle.AssembleStageAsync(new BlockSpan(10, 20), CancellationToken.None));
    }

    private async Task TimeAsync(string what, Func<Task> action)
    {
        var started = Stopwatch.GetTimestamp();
        await action();
        var took = Stopwatch.GetElapsedTime(started);
        output.WriteLine($"{what}: {took.TotalMilliseconds:0} ms");
        Assert.True(took < Bound, $"{what} took {took}; the bound is {Bound}.");
    }
}
