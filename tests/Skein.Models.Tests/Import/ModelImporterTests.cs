using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models.Tests.Import;

public sealed class ModelImporterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> TinyFamilies => new(SharedData.TinyFamilies);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(TinyFamilies))]
    public async Task Import_ThenAssemble_GivesTheBytesOfADirectSlice(string family)
    {
        var store = Store("store");
        await new ModelImporter(store).ImportAsync(ModelName.Parse(family), SharedData.Tiny(family), new ImportOptions(), null, CancellationToken.None);
        var direct = await Resolver(store, "direct").ResolveAsync(SharedData.Tiny(family), CancellationToken.None);
        var stored = await Resolver(store, "stored").ResolveAsync(family, CancellationToken.None);

        Assert.Equal(direct.Digest, stored.Digest);
        foreach (var span in BlockSpan.Cut(direct.BlockCount, [1, 4]))
        {
            var expected = await direct.AssembleStageAsync(span, CancellationToken.None);
            var actual = await stored.AssembleStageAsync(span, CancellationToken.None);
            Assert.Equal(expected.RowScale, actual.RowScale);
            AssertSameFiles(expected.Parts, actual.Parts);
        }

        AssertSameFiles([(await direct.AssembleEdgeAsync(CancellationToken.None)).Embedding], [(await stored.AssembleEdgeAsync(CancellationToken.None)).Embedding]);
    }

    [Fact]
    public async Task AssembleWhole_FromTheStore_HasEveryTensorAndTheVocabulary()
    {
        var store = Store("store");
        await new ModelImporter(store).ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("mixtral"), new ImportOptions(), null, CancellationToken.None);
        var handle = await Resolver(store, "cache").ResolveAsync("tiny", CancellationToken.None);

        var path = await handle.AssembleWholeAsync(CancellationToken.None);

        await using var source = FileRangeSource.Open(path);
        var file = await GgufReader.ReadAsync(source, null, CancellationToken.None);
        var catalogue = await TensorCatalogue.ComputeAsync(file, source, null, CancellationToken.None);
        Assert.Equal(handle.Manifest.Tensors, catalogue.Entries.OrderBy(entry => entry.Descriptor.Name, StringComparer.Ordinal));
        Assert.True(file.Metadata.Contains("tokenizer.ggml.tokens"));
    }

    [Fact]
    public async Task Import_Twice_WritesNothingTheSecondTime()
    {
        var importer = new ModelImporter(Store("store"));
        var first = await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);

        var second = await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);

        Assert.Equal(first.Files, first.FilesWritten);
        Assert.Equal(first.Size, first.Written);
        Assert.Equal(0, second.FilesWritten);
        Assert.Equal(0, second.Written.Bytes);
        Assert.Equal(first.Digest, second.Digest);
    }

    [Fact]
    public async Task Import_IntoTwoStores_GivesTheSameFiles()
    {
        foreach (var store in new[] { "one", "two" })
        {
            await new ModelImporter(Store(store)).ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("gemma3"), new ImportOptions { Origin = "here\n" }, null, CancellationToken.None);
        }

        var one = Contents("one");
        Assert.NotEmpty(one);
        Assert.Equal(one, Contents("two"));
    }

    [Fact]
    public async Task Import_Interrupted_GoesOnWhereItWas()
    {
        var importer = new ModelImporter(Store("store"));
        using var cancellation = new CancellationTokenSource();
        var interrupter = new Interrupter(cancellation);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), interrupter, cancellation.Token));

        Assert.Empty(await Store("store").ListAsync(CancellationToken.None));
        Assert.DoesNotContain(Contents("store").Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        var left = Contents("store").Keys.Count(name => name.EndsWith(".piece", StringComparison.Ordinal));
        Assert.NotEqual(0, left);

        var report = await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);

        Assert.Equal(report.Files - left, report.FilesWritten);
        Assert.Null(Assert.Single(await Store("store").ListAsync(CancellationToken.None)).Problem);
    }

    [Fact]
    public async Task Import_ManyAtOnce_GivesOneWholeModel()
    {
        var imports = Enumerable.Range(0, 8).Select(i => Task.Run(() => new ModelImporter(Store("store"))
            .ImportAsync(ModelName.Parse(i % 2 == 0 ? "even" : "odd"), SharedData.Tiny("qwen2"), new ImportOptions(), null, CancellationToken.None)));

        var reports = await Task.WhenAll(imports);

        Assert.Single(reports.Select(report => report.Digest).Distinct());
        var models = await Store("store").ListAsync(CancellationToken.None);
        Assert.Equal(["even", "odd"], models.Select(model => model.Name.ToString()));
        Assert.All(models, model => Assert.Null(model.Problem));
        Assert.DoesNotContain(Contents("store").Keys, name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Import_OverADamagedPiece_RepairsIt()
    {
        var store = Store("store");
        var importer = new ModelImporter(store);
        await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);
        var before = Contents("store");
        var damaged = await DamageAsync(store, PieceKind.Block, 2);

        var report = await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);

        Assert.Equal(1, report.FilesWritten);
        Assert.Equal(new FileInfo(damaged).Length, report.Written.Bytes);
        Assert.Equal(before, Contents("store"));
    }

    [Fact]
    public async Task Assemble_FromADamagedPiece_IsRefused()
    {
        var store = Store("store");
        await new ModelImporter(store).ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);
        await DamageAsync(store, PieceKind.Block, 2);
        var resolver = Resolver(store, "cache");
        var handle = await resolver.ResolveAsync("tiny", CancellationToken.None);

        var error = await Assert.ThrowsAsync<ModelException>(() => handle.AssembleStageAsync(new BlockSpan(1, 4), CancellationToken.None));

        Assert.Equal(ModelError.CorruptPiece, error.Error);
        Assert.Contains("block 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, resolver.Cache.Size.Bytes);
        Assert.NotEmpty((await handle.AssembleStageAsync(new BlockSpan(3, 5), CancellationToken.None)).Parts);
    }

    [Fact]
    public async Task Assemble_FromAGgufThatChangedSinceItWasHashed_IsRefused()
    {
        var copy = _folder["model.gguf"];
        File.Copy(SharedData.Tiny("llama"), copy);
        var handle = await Resolver(Store("store"), "cache").ResolveAsync(copy, CancellationToken.None);
        await using (var file = File.Open(copy, FileMode.Open))
        {
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(0x55);
        }

        var error = await Assert.ThrowsAsync<ModelException>(async () =>
        {
            await handle.AssembleStageAsync(handle.AllBlocks, CancellationToken.None);
            await handle.AssembleEdgeAsync(CancellationToken.None);
        });

        Assert.Equal(ModelError.CorruptPiece, error.Error);
    }

    [Fact]
    public async Task Assemble_FromAMissingPiece_NamesIt()
    {
        var store = Store("store");
        await new ModelImporter(store).ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);
        var part = await PartAsync(store, PieceKind.Block, 0);
        File.Delete(store.PathOf(part));
        var handle = await Resolver(store, "cache").ResolveAsync("tiny", CancellationToken.None);

        var error = await Assert.ThrowsAsync<ModelException>(() => handle.AssembleStageAsync(new BlockSpan(0, 1), CancellationToken.None));

        Assert.Equal(ModelError.MissingPiece, error.Error);
        Assert.Contains(part.Sha256.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("import it again", Assert.Single(await store.ListAsync(CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_UnderAnotherModelsName_IsRefused()
    {
        var store = Store("store");
        var importer = new ModelImporter(store);
        await importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None);

        foreach (var other in new[] { "qwen2", "llama31-rope" })
        {
            var error = await Assert.ThrowsAsync<ModelException>(() => importer.ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny(other), new ImportOptions(), null, CancellationToken.None));
            Assert.Equal(ModelError.NameTaken, error.Error);
        }

        var kept = await Resolver(store, "cache").ResolveAsync("tiny", CancellationToken.None);
        var direct = await Resolver(store, "cache").ResolveAsync(SharedData.Tiny("llama"), CancellationToken.None);
        Assert.Equal(direct.Digest, kept.Digest);
    }

    [Fact]
    public async Task Import_OfAnUnknownArchitecture_LeavesNothing()
    {
        var path = _folder["strange.gguf"];
        await using (var stream = File.Create(path))
        {
            var metadata = GgufMetadata.Empty
                .With("general.architecture", GgufValue.String("strange"))
                .With("strange.block_count", GgufValue.UInt32(1))
                .With("strange.embedding_length", GgufValue.UInt32(4))
                .With("strange.context_length", GgufValue.UInt32(4));
            await GgufWriter.WriteAsync(stream, metadata, [], null, CancellationToken.None);
        }

        var error = await Assert.ThrowsAsync<ModelException>(() => new ModelImporter(Store("store")).ImportAsync(ModelName.Parse("strange"), path, new ImportOptions(), null, CancellationToken.None));

        Assert.Equal(ModelError.UnsupportedArchitecture, error.Error);
        Assert.Contains("strange", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["store"]));
    }

    [Fact]
    public async Task Import_OfOneFileOfSeveral_SaysToMergeThem()
    {
        var path = _folder["part.gguf"];
        await using (var stream = File.Create(path))
        {
            await GgufWriter.WriteAsync(stream, GgufMetadata.Empty.With("split.count", GgufValue.UInt16(3)), [], null, CancellationToken.None);
        }

        var error = await Assert.ThrowsAsync<ModelException>(() => new ModelImporter(Store("store")).ImportAsync(ModelName.Parse("part"), path, new ImportOptions(), null, CancellationToken.None));

        Assert.Contains("Merge", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_IntoAReadOnlyStore_IsRefused()
    {
        var store = new ModelStore(new StoreRoot(_folder["store"], IsWritable: false));

        var error = await Assert.ThrowsAsync<ModelException>(() => new ModelImporter(store).ImportAsync(ModelName.Parse("tiny"), SharedData.Tiny("llama"), new ImportOptions(), null, CancellationToken.None));

        Assert.Equal(ModelError.StorageFailed, error.Error);
    }

    [Fact]
    public async Task Import_OfGemma_SplitsTheEmbeddingIntoFilesBelowTheLimit()
    {
        var store = Store("store");
        var progress = new ProgressRecorder();

        var report = await new ModelImporter(store).ImportAsync(ModelName.Parse("gemma"), SharedData.Gemma3, new ImportOptions(), progress, CancellationToken.None);

        Assert.All(Directory.EnumerateFiles(_folder["store"], "*.piece", SearchOption.AllDirectories), path => Assert.InRange(new FileInfo(path).Length, 1, PieceLayout.MaxPartBytes));
        var manifest = await store.Roots[0].ReadManifestAsync(ModelName.Parse("gemma"), CancellationToken.None);
        Assert.Equal(3, manifest.Pieces.Single(piece => piece.Key.Kind == PieceKind.Embedding).Parts.Count);
        Assert.Equal(progress.Reports[^1].Total, progress.Reports[^1].Done);

        var stored = await Resolver(store, "stored").ResolveAsync("gemma", CancellationToken.None);
        var direct = await Resolver(store, "direct").ResolveAsync(SharedData.Gemma3, CancellationToken.None);
        Assert.Equal(report.Digest, direct.Digest);
        AssertSameFiles([(await direct.AssembleEdgeAsync(CancellationToken.None)).Embedding], [(await stored.AssembleEdgeAsync(CancellationToken.None)).Embedding]);
    }

    private static void AssertSameFiles(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (var (left, right) in expected.Zip(actual))
        {
            Assert.NotEqual(left, right);
            Assert.Equal(Path.GetFileName(left), Path.GetFileName(right));
            Assert.True(File.ReadAllBytes(left).AsSpan().SequenceEqual(File.ReadAllBytes(right)), $"{left} and {right} differ");
        }
    }

    private static async Task<PiecePart> PartAsync(ModelStore store, PieceKind kind, int block)
    {
        var stored = await store.Roots[0].ReadManifestAsync(store.Names()[0], CancellationToken.None);
        return stored.Pieces.Single(piece => piece.Key == new PieceKey(kind, block)).Parts[0];
    }

    private static async Task<string> DamageAsync(ModelStore store, PieceKind kind, int block)
    {
        var path = store.PathOf(await PartAsync(store, kind, block));
        await using var file = File.Open(path, FileMode.Open);
        file.Seek(file.Length / 2, SeekOrigin.Begin);
        var value = file.ReadByte();
        file.Seek(-1, SeekOrigin.Current);
        file.WriteByte((byte)(value ^ 1));
        return path;
    }

    private ModelStore Store(string name) => new(new StoreRoot(_folder[name], IsWritable: true));

    private ModelResolver Resolver(ModelStore store, string cache) => new(store, SkeinHome.In(_folder[cache]), TimeProvider.System);

    private Dictionary<string, Sha256Digest> Contents(string store)
        => Directory.EnumerateFiles(_folder[store], "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(_folder[store], path), path => Sha256Digest.Compute(File.ReadAllBytes(path)), StringComparer.Ordinal);

    /// <summary>Cancels when half is read.</summary>
    private sealed class Interrupter(CancellationTokenSource cancellation) : IProgress<TransferProgress>
    {
        public void Report(TransferProgress value)
        {
            if (value.Done > value.Total / 2)
            {
                cancellation.Cancel();
            }
        }
    }
}
