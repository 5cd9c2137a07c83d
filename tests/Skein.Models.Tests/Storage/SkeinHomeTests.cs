namespace Skein.Models.Tests.Storage;

public sealed class SkeinHomeTests
{
    [Fact]
    public void Locate_WithTheVariable_TakesIt()
    {
        var home = SkeinHome.Locate(name => name == "SKEIN_HOME" ? Path.Combine(Path.GetTempPath(), "somewhere") : null);

        Assert.Equal(Path.Combine(Path.GetTempPath(), "somewhere", "models"), home.Models);
        Assert.Equal(Path.Combine(Path.GetTempPath(), "somewhere", "cache", "stages"), home.Stages);
    }

    [Fact]
    public void Locate_OnLinux_FollowsXdg()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "XDG folders are Linux's");

        var plain = SkeinHome.Locate(name => name == "HOME" ? "/home/ada" : null);
        var moved = SkeinHome.Locate(name => name switch { "HOME" => "/home/ada", "XDG_DATA_HOME" => "/data", "XDG_CACHE_HOME" => "relative", _ => null });

        Assert.Equal("/home/ada/.local/share/skein/models", plain.Models);
        Assert.Equal("/home/ada/.cache/skein", plain.Cache);
        Assert.Equal("/data/skein/models", moved.Models);
        Assert.Equal("/home/ada/.cache/skein", moved.Cache);
    }

    [Fact]
    public void Locate_WithoutAHome_SaysWhatToSet()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems always know a folder");

        Assert.Contains("SKEIN_HOME", Assert.Throws<ModelException>(() => SkeinHome.Locate(_ => null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FindBundled_FromBelowAStore_FindsIt()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["models/pieces"]);
        Directory.CreateDirectory(folder["src/program/bin"]);

        var found = StoreRoot.FindBundled(folder["src/program/bin"]);

        Assert.Equal(folder["models"], found?.Folder);
        Assert.False(found?.IsWritable);
    }
}
