using System.Net;
using System.Text.Json;
using Skein.Lab;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary>A laboratory with two public anchors and homes, in which the program runs as its users run it.</summary>
internal sealed class HomeLab : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _keys = Directory.CreateTempSubdirectory("skein-keys-").FullName;

    private HomeLab(Laboratory lab)
    {
        Lab = lab;
    }

    public Laboratory Lab { get; }

    /// <summary>Addresses of the anchors, with their ids.</summary>
    public IReadOnlyList<string> Anchors { get; private set; } = [];

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<HomeLab> CreateAsync(params LabHostSettings[] homes)
    {
        List<string> missing = [.. LabRequirements.Missing()];
        if (homes.Any(home => home.OpensPorts))
        {
            missing.AddRange(LabRequirements.MissingForPorts());
        }

        Assert.SkipWhen(missing.Count > 0, $"The laboratory needs {string.Join("; ", missing)}.");
        var home = new HomeLab(await Laboratory.CreateAsync(
            new LabTopology
            {
                Hosts = [new LabHostSettings { Name = "first" }, new LabHostSettings { Name = "second" }, .. homes],
                DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(20), BitRate.Unlimited),

                // Addresses that count as public, as those of real homes do.
                Network = IPAddress.Parse("11.22.33.0"),
            },
            Cancelled));
        try
        {
            foreach (var anchor in new[] { "first", "second" })
            {
                var process = home.Start(anchor, ["anchor", "--listen", $"/ip4/{home.Lab.Host(anchor).PublicAddress}/tcp/7400", "--identity", home.KeyOf(anchor), "--ready-line", .. home.Anchors.SelectMany(address => new[] { "--anchor", address })]);
                var line = await process.WaitForLineAsync("\"ready\"", Patience, Cancelled);
                using var ready = JsonDocument.Parse(line);
                home.Anchors = [.. home.Anchors, ready.RootElement.GetProperty("address").GetString()!];
            }

            return home;
        }
        catch
        {
            await home.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the program on a host. What the program does by itself shows in its log.</summary>
    public LabProcess Start(string host, params IReadOnlyList<string> arguments)
        => Lab.Host(host).Start("dotnet", [Repository.Program, .. arguments], new Dictionary<string, string>(StringComparer.Ordinal) { ["SKEIN_LOG"] = "information" });

    /// <summary>Options that name the anchors.</summary>
    public IReadOnlyList<string> ToAnchors => [.. Anchors.SelectMany(address => new[] { "--anchor", address })];

    /// <summary>The file of a host's key.</summary>
    public string KeyOf(string host) => Path.Combine(_keys, host + ".key");

    public async ValueTask DisposeAsync()
    {
        await Lab.DisposeAsync();
        Directory.Delete(_keys, recursive: true);
    }
}
