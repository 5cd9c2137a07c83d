using Skein.Models;

namespace Skein.Engine.Tests.Parity;

/// <summary>Models of the shared data, with assembled stages in a temporary folder that all tests of a run share.</summary>
public sealed class TestModels : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("skein-engine-tests-");
    private readonly ModelResolver _resolver;

    public TestModels() => _resolver = new ModelResolver(SkeinHome.In(_folder.FullName), TimeProvider.System);

    public Task<ModelHandle> GetAsync(string path) => _resolver.ResolveAsync(path, TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Delete(recursive: true);
}
