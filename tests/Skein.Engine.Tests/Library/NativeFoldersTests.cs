using Skein.Engine.Library;

namespace Skein.Engine.Tests.Library;

public sealed class NativeFoldersTests : IDisposable
{
    private readonly DirectoryInfo _base = Directory.CreateTempSubdirectory("skein-native-");

    public void Dispose() => _base.Delete(recursive: true);

    [Fact]
    public void Candidates_WithoutFolders_AreNone() => Assert.Empty(NativeFolders.Candidates(_base.FullName, forced: null));

    [Fact]
    public void Candidates_OfAnX64Package_GoFromTheBestVariantDown()
    {
        Make("noavx");
        Make("avx");
        Make("avx2");
        Make("avx512");
        var names = NativeFolders.Candidates(_base.FullName, forced: null).Select(candidate => candidate.Variant).ToList();
        var best = NativeFolders.FolderName(NativeFolders.Detect());

        Assert.Equal(best, names[0]);
        Assert.Contains("noavx", names);
    }

    [Fact]
    public void Candidates_WithAGpuPackage_TryTheGpuFirst()
    {
        Make("noavx");
        Make("vulkan");

        Assert.Equal("vulkan", NativeFolders.Candidates(_base.FullName, forced: null)[0].Variant);
    }

    [Theory]
    [InlineData("avx")]
    public void Candidates_WhenForced_AreThatOneAlone(string variant)
    {
        Make("noavx");
        Make("avx");

        Assert.Equal([variant], NativeFolders.Candidates(_base.FullName, variant).Select(candidate => candidate.Variant));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../native/avx")]
    [InlineData("missing")]
    public void Candidates_WhenForcedToNoFolderOfThePackage_AreNone(string variant)
    {
        Make("avx");

        Assert.Empty(NativeFolders.Candidates(_base.FullName, variant));
    }

    private void Make(string variant) => Directory.CreateDirectory(Path.Combine(_base.FullName, "runtimes", NativeFolders.RuntimeId(), "native", variant));
}
