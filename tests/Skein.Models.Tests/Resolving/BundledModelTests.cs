using Skein.Core.Identity;

namespace Skein.Models.Tests.Resolving;

/// <summary>The model that the repository carries is exactly what an import of the published file gives.</summary>
public sealed class BundledModelTests
{
    /// <summary>Set to a folder, it makes the bundled store there anew: that is how <c>models/</c> came about.</summary>
    private const string WriteTo = "SKEIN_WRITE_BUNDLE";

    private const string Name = "smollm2-135m";

    private static readonly string[] BesideManifest = ["LICENSE", "ORIGIN.md"];

    private static string Bundle => Path.Combine(SharedData.RepositoryRoot, "models");

    [Fact]
    public async Task SmolLm2_ImportedAgain_GivesTheBundledFilesByteForByte()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Bundle, Name, "manifest.json")), "this checkout does not carry the model");
        using var folder = new TemporaryFolder();

        await ImportAsync(folder.Path);

        var expected = Contents(folder.Path);
        Assert.NotEmpty(expected);
        var carried = Contents(Bundle);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), carried.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, file => Assert.Equal(file.Value, carried[file.Key]));
    }

    [Fact]
    public async Task SmolLm2_FromTheBundle_IsFoundByNameAndWhole()
    {
        Assert.SkipUnless(File.Exists(Path.Combine(Bundle, Name, "manifest.json")), "this checkout does not carry the model");
        using var folder = new TemporaryFolder();
        var resolver = new ModelResolver(SkeinHome.In(folder.Path), TimeProvider.System);

        var handle = await resolver.ResolveAsync(Name, CancellationToken.None);
        var stages = new List<StageFiles>();
        foreach (var span in BlockSpan.Cut(handle.BlockCount, [10, 20]))
        {
            stages.Add(await handle.AssembleStageAsync(span, CancellationToken.None));
        }

        Assert.Equal(3, stages.Count);
        Assert.True((await handle.AssembleEdgeAsync(CancellationToken.None)).IsOneFile);
        var model = Assert.Single(await resolver.Store.ListAsync(CancellationToken.None), model => model.Name.ToString() == Name);
        Assert.Null(model.Problem);
        Assert.True(model.IsBundled);
        Assert.All(Contents(Bundle).Keys, file => Assert.InRange(new FileInfo(Path.Combine(Bundle, file)).Length, 1, 32_000_000));
    }

    [Fact]
    public async Task WriteBundle_WhereAsked_ImportsTheModel()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(WriteTo) is { Length: > 0 }, $"{WriteTo} is not set");

        var report = await ImportAsync(Environment.GetEnvironmentVariable(WriteTo)!);

        Assert.Equal(30, report.Shape.BlockCount);
    }

    private static async Task<ImportReport> ImportAsync(string folder)
    {
        var options = new ImportOptions
        {
            LicenceFile = Path.Combine(SharedData.RepositoryRoot, "LICENSE"),
            Origin = """
                # SmolLM2-135M-Instruct, Q4_1

                - Model: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct by Hugging Face (HuggingFaceTB), Apache License 2.0 (see LICENSE beside this file).
                - File: `SmolLM2-135M-Instruct.Q4_1.gguf`, SHA-256 `b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53`: the model converted to GGUF by llama.cpp, blocks quantised to Q4_1, the tied embedding to Q8_0.
                - Changes: none to any weight. The file was cut into pieces, one a block, addressed by SHA-256 (`docs/protocol/manifest.md`).
                - Again: `skein model import SmolLM2-135M-Instruct.Q4_1.gguf --name smollm2-135m` gives the same pieces and the same manifest, byte for byte.

                """.ReplaceLineEndings("\n"),
        };
        return await new ModelImporter(new ModelStore(new StoreRoot(folder, IsWritable: true))).ImportAsync(ModelName.Parse(Name), SharedData.SmolLm2, options, null, CancellationToken.None);
    }

    private static Dictionary<string, Sha256Digest> Contents(string root)
        => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path))
            .Where(path => path.EndsWith(".piece", StringComparison.Ordinal)
                || path == Path.Combine(Name, "manifest.json")
                || BesideManifest.Any(file => path == Path.Combine(Name, file)))
            .ToDictionary(path => path, path => Sha256Digest.Compute(File.ReadAllBytes(Path.Combine(root, path))), StringComparer.Ordinal);
}
