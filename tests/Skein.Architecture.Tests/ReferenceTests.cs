using System.Reflection;

namespace Skein.Architecture.Tests;

/// <summary>Arrows point down only: see docs/architecture.md.</summary>
public sealed class ReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Skein.Core"] = [],
        ["Skein.Gguf"] = ["Skein.Core"],
        ["Skein.Engine"] = ["Skein.Core", "Skein.Gguf"],
        ["Skein.Models"] = ["Skein.Core", "Skein.Gguf", "Skein.Engine"],
        ["Skein.P2P"] = ["Skein.Core"],
        ["Skein.Lab"] = ["Skein.Core"],
        ["Skein.Swarm"] = ["Skein.Core", "Skein.P2P"],
        ["Skein.Node"] = ["Skein.Core", "Skein.Gguf", "Skein.Engine", "Skein.Models", "Skein.P2P", "Skein.Swarm"],
        ["Skein.Gateway"] = ["Skein.Core", "Skein.Gguf", "Skein.Engine", "Skein.Models", "Skein.P2P", "Skein.Swarm"],
        ["skein"] = ["Skein.Core", "Skein.Gguf", "Skein.Engine", "Skein.Models", "Skein.P2P", "Skein.Swarm", "Skein.Lab", "Skein.Node", "Skein.Gateway"],
    };

    public static TheoryData<string> Assemblies
        => new(Repository.Files("src", "*.csproj").Select(AssemblyName).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void References_OfEachAssembly_PointDownOnly(string assembly)
    {
        Assert.True(Allowed.TryGetValue(assembly, out var allowed), $"{assembly} is new: say in this test what it may refer to.");

        var references = Assembly.Load(assembly).GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("Skein.", StringComparison.OrdinalIgnoreCase) || name == "skein");

        Assert.Empty(references.Except(allowed, StringComparer.Ordinal));
    }

    [Fact]
    public void UnsafeCode_InSources_OnlyInTheEngine()
    {
        var offenders = Repository.Files("src", "*.cs")
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}Skein.Engine{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(path => File.ReadLines(path).Any(line => line.Contains("unsafe ", StringComparison.Ordinal) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            .Select(path => Path.GetRelativePath(Repository.Root, path));

        Assert.Empty(offenders);
    }

    [Fact]
    public void Solution_Projects_AreAllOnDisk()
    {
        var listed = File.ReadAllText(Path.Combine(Repository.Root, "Skein.slnx"));
        var missing = new[] { "src", "tests" }.SelectMany(folder => Repository.Files(folder, "*.csproj"))
            .Select(path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Where(path => !listed.Contains($"\"{path}\"", StringComparison.Ordinal));

        Assert.Empty(missing);
    }

    private static string AssemblyName(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        return name == "Skein.Cli" ? "skein" : name;
    }
}
