using System.Reflection;
using System.Text.RegularExpressions;

namespace Skein.Architecture.Tests;

/// <summary>Docs name real things.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] Words = ["PascalCase", "OpenAI", "SmolLM2", "DateTime", "TimeProvider"];

    public static TheoryData<string> Pages
        => new(Repository.Files("docs", "*.md").Append(Path.Combine(Repository.Root, "README.md")).Where(File.Exists)
            .Select(path => Path.GetRelativePath(Repository.Root, path)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Pages))]
    public void TypesInBackticks_InDocs_Exist(string page)
    {
        var known = KnownNames();
        var text = FencedBlock().Replace(File.ReadAllText(Path.Combine(Repository.Root, page)), string.Empty);
        var unknown = TypeInBackticks().Matches(text).Select(match => match.Groups[1].Value).Distinct()
            .Where(name => !known.Contains(name) && !Words.Contains(name, StringComparer.Ordinal));

        Assert.Empty(unknown);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_BetweenPages_LeadSomewhere(string page)
    {
        var path = Path.Combine(Repository.Root, page);
        var broken = RelativeLink().Matches(FencedBlock().Replace(File.ReadAllText(path), string.Empty)).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith('#') && !link.StartsWith("mailto:", StringComparison.Ordinal))
            .Where(link => !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, link.Split('#')[0])));

        Assert.Empty(broken);
    }

    // Types and members: docs may name either.
    private static HashSet<string> KnownNames()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var assembly in ReferenceTests.Assemblies.Select(row => Assembly.Load(row.Data)))
        {
            foreach (var type in assembly.GetTypes())
            {
                names.Add(type.Name.Split('`')[0]);
                foreach (var member in type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
                {
                    names.Add(member.Name);
                }
            }
        }

        return names;
    }

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex FencedBlock();

    // Two humps at least: `Stage` is a word, `StageService` is a type.
    [GeneratedRegex("`([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)`")]
    private static partial Regex TypeInBackticks();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex RelativeLink();
}
