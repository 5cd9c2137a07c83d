namespace Skein.Models.Tests.Storage;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task List_OfAStoreThatIsNotThere_IsEmptyAndMakesNothing()
    {
        Assert.Empty(await Own().ListAsync(CancellationToken.None));
        Assert.False(Directory.Exists(_folder["own"]));
    }

    [Fact]
    public async Task List_OfTwoFolders_NamesEachModelOnceAndSaysWhatIsBundled()
    {
        await ImportAsync("bundled", "alpha", "llama");
        await ImportAsync("bundled", "beta", "qwen2");
        await ImportAsync("own", "beta", "qwen3");
        await ImportAsync("own", "gamma", "gemma2");

        var models = await Both().ListAsync(CancellationToken.None);

        Assert.Equal(["alpha", "beta", "gamma"], models.Select(model => model.Name.ToString()));
        Assert.Equal([true, false, false], models.Select(model => model.IsBundled));
        Assert.Equal(["llama", "qwen3", "gemma2"], models.Select(model => model.Shape!.Value.Architecture));
    }

    [Fact]
    public async Task List_WithADamagedManifest_SaysSoAndGoesOn()
    {
        await ImportAsync("own", "alpha", "llama");
        await ImportAsync("own", "beta", "qwen2");
        await File.WriteAllTextAsync(Path.Combine(_folder["own"], "alpha", "manifest.json"), "{");

        var models = await Own().ListAsync(CancellationToken.None);

        Assert.Equal(["alpha", "beta"], models.Select(model => model.Name.ToString()));
        Assert.Contains("alpha", models[0].Problem, StringComparison.Ordinal);
        Assert.Null(models[1].Problem);
    }

    [Fact]
    public async Task Import_OverADamagedManifest_ReplacesIt()
    {
        await ImportAsync("own", "alpha", "llama");
        await File.WriteAllTextAsync(Path.Combine(_folder["own"], "alpha", "manifest.json"), "{");

        await ImportAsync("own", "alpha", "llama");

        Assert.Null(Assert.Single(await Own().ListAsync(CancellationToken.None)).Problem);
    }

    [Fact]
    public async Task Remove_OfAModel_LeavesNoPieces()
    {
        var import = await ImportAsync("own", "alpha", "llama");

        var report = await Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None);

        Assert.Equal(import.Files, report.Files);
        Assert.Equal(import.Size, report.Freed);
        Assert.Empty(Directory.EnumerateFiles(_folder["own"], "*.piece", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(Path.Combine(_folder["own"], "alpha")));
    }

    [Fact]
    public async Task Remove_OfAModel_KeepsThePiecesOfAnother()
    {
        await ImportAsync("own", "alpha", "llama");
        await ImportAsync("own", "alias", "llama");

        var report = await Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None);

        Assert.Equal(0, report.Files);
        var left = Assert.Single(await Own().ListAsync(CancellationToken.None));
        Assert.Equal("alias", left.Name.ToString());
        Assert.Null(left.Problem);
    }

    [Fact]
    public async Task Remove_BesideADamagedManifest_DeletesNothing()
    {
        await ImportAsync("own", "alpha", "llama");
        await ImportAsync("own", "beta", "qwen2");
        await File.WriteAllTextAsync(Path.Combine(_folder["own"], "beta", "manifest.json"), "{");

        var error = await Assert.ThrowsAsync<ModelException>(() => Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None));

        Assert.Equal(ModelError.BadManifest, error.Error);
        Assert.Contains("beta", error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["own"], "alpha", "manifest.json")));
    }

    [Fact]
    public async Task Remove_OfABundledModel_IsRefused()
    {
        await ImportAsync("bundled", "alpha", "llama");

        var error = await Assert.ThrowsAsync<ModelException>(() => Both().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None));

        Assert.Equal(ModelError.StorageFailed, error.Error);
        Assert.Contains("came with the program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Remove_WhileAModelIsImported_IsRefused()
    {
        await ImportAsync("own", "alpha", "llama");
        ModelException? refused = null;
        var during = new Callback(() => refused ??= Record(() => Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None)));

        await new ModelImporter(Own()).ImportAsync(ModelName.Parse("beta"), SharedData.Tiny("qwen2"), new ImportOptions(), during, CancellationToken.None);

        Assert.Equal(ModelError.StoreBusy, refused?.Error);
        Assert.Equal(2, (await Own().ListAsync(CancellationToken.None)).Count);
        Assert.Equal("alpha", (await Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None)).Name.ToString());
    }

    [Fact]
    public async Task Remove_OfAnUnknownModel_IsRefused()
        => Assert.Equal(ModelError.UnknownModel, (await Assert.ThrowsAsync<ModelException>(() => Own().RemoveAsync(ModelName.Parse("alpha"), CancellationToken.None))).Error);

    [Fact]
    public async Task Resolve_AModelWhosePiecesAreInAnotherFolder_FindsThem()
    {
        await ImportAsync("bundled", "alpha", "llama");
        await ImportAsync("own", "alpha", "llama");
        Directory.Delete(Path.Combine(_folder["own"], "pieces"), recursive: true);

        var handle = await Resolver(Both()).ResolveAsync("alpha", CancellationToken.None);

        Assert.NotEmpty((await handle.AssembleStageAsync(handle.AllBlocks, CancellationToken.None)).Parts);
    }

    [Fact]
    public async Task Resolve_AnUnknownName_ListsWhatIsThere()
    {
        await ImportAsync("own", "alpha", "llama");

        var error = await Assert.ThrowsAsync<ModelException>(() => Resolver(Own()).ResolveAsync("beta", CancellationToken.None));

        Assert.Equal(ModelError.UnknownModel, error.Error);
        Assert.Contains("alpha", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../alpha")]
    [InlineData("/etc/passwd")]
    [InlineData("missing.gguf")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a\0b")]
    public async Task Resolve_APathThatIsNoModel_IsRefused(string text)
    {
        var error = await Assert.ThrowsAnyAsync<Skein.Core.Errors.SkeinException>(() => Resolver(Own()).ResolveAsync(text, CancellationToken.None));

        Assert.True(error.Code is "model.unknown_model" or "gguf.not_gguf", error.Code);
    }

    [Fact]
    public async Task Inspect_OfAStoredModel_SaysWhatIsInIt()
    {
        await ImportAsync("own", "alpha", "gemma3");

        var inspection = await ModelInspection.CreateAsync(await Resolver(Own()).ResolveAsync("alpha", CancellationToken.None), CancellationToken.None);

        Assert.Null(inspection.Unsupported);
        Assert.True(inspection.IsExact);
        Assert.Equal("gemma3", inspection.Handle.Architecture);
        Assert.Equal(inspection.Handle.Manifest.TensorBytes, inspection.Types.Sum(type => type.Size.Bytes));
        Assert.Equal(inspection.Handle.Manifest.TensorBytes, inspection.Groups.Sum(group => group.Size.Bytes));
        Assert.Equal(inspection.Handle.BlockCount, inspection.Groups.Count(group => group.Key.Kind == PieceKind.Block));
        Assert.True(inspection.VocabularySize > 0);
    }

    [Fact]
    public async Task Resolve_AFileThatDescribesItselfWithControlCharacters_ShowsNone()
    {
        var metadata = Skein.Gguf.GgufMetadata.Empty
            .With("general.architecture", Skein.Gguf.GgufValue.String("llama"))
            .With("general.name", Skein.Gguf.GgufValue.String("a\u001b[2Jb"))
            .With("llama.block_count", Skein.Gguf.GgufValue.UInt32(1))
            .With("llama.embedding_length", Skein.Gguf.GgufValue.UInt32(4))
            .With("llama.context_length", Skein.Gguf.GgufValue.UInt32(4));
        await using (var stream = File.Create(_folder["model.gguf"]))
        {
            await Skein.Gguf.GgufWriter.WriteAsync(stream, metadata, [], null, CancellationToken.None);
        }

        var handle = await Resolver(Own()).ResolveAsync(_folder["model.gguf"], CancellationToken.None);

        Assert.Equal("a [2Jb", handle.About["general.name"]);
    }

    [Fact]
    public async Task ReadChatTemplate_OfSmolLm2_IsTheModelsOwn()
    {
        var handle = await Resolver(Own()).ResolveAsync(SharedData.SmolLm2, CancellationToken.None);

        Assert.Contains("<|im_start|>", await handle.ReadChatTemplateAsync(CancellationToken.None), StringComparison.Ordinal);
        Assert.Equal(30, handle.BlockCount);
        Assert.Equal(576, handle.Width);
    }

    private static ModelException? Record(Func<Task> action)
    {
        var task = action();
        return task.IsFaulted ? task.Exception.InnerException as ModelException : null;
    }

    private ModelStore Own() => new(new StoreRoot(_folder["own"], IsWritable: true));

    private ModelStore Both() => new(new StoreRoot(_folder["own"], IsWritable: true), new StoreRoot(_folder["bundled"], IsWritable: false));

    private ModelResolver Resolver(ModelStore store) => new(store, SkeinHome.In(_folder["home"]), TimeProvider.System);

    private Task<ImportReport> ImportAsync(string root, string name, string family)
        => new ModelImporter(new ModelStore(new StoreRoot(_folder[root], IsWritable: true))).ImportAsync(ModelName.Parse(name), SharedData.Tiny(family), new ImportOptions(), null, CancellationToken.None);

    private sealed class Callback(Action action) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value) => action();
    }
}
