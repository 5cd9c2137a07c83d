using System.Globalization;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.Core.Identity;
using Spectre.Console;

namespace Skein.Cli.Demo;

/// <summary>An anchor and node processes that together hold a model and find each other by it; one that dies is started again.</summary>
internal sealed class DemoCluster : IAsyncDisposable
{
    // What cannot live is not started for ever.
    private const int MaxRestarts = 5;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly DirectoryInfo _keys;
    private Task[] _watches = [];

    private DemoCluster(DirectoryInfo keys)
    {
        _keys = keys;
        Anchor = new DemoMember("anchor", null, ["anchor", "--identity", KeyOf("anchor"), "--ready-line", "--until-stdin-closes"]);
    }

    /// <summary>Where everybody finds everybody.</summary>
    public DemoMember Anchor { get; }

    /// <summary>The nodes, first span first.</summary>
    public IReadOnlyList<DemoMember> Nodes { get; private set; } = [];

    private IEnumerable<DemoMember> Members => [Anchor, .. Nodes];

    /// <summary>Starts all and waits until each is ready and announced.</summary>
    /// <exception cref="DemoException">One did not come up; the others are stopped.</exception>
    public static async Task<DemoCluster> StartAsync(DemoOptions options, IReadOnlyList<BlockSpan> spans, CancellationToken cancellationToken)
    {
        var cluster = new DemoCluster(Directory.CreateTempSubdirectory("skein-demo-"));
        try
        {
            await cluster.Anchor.StartAsync(cancellationToken);
            cluster.Nodes = [.. spans.Select((span, i) => cluster.Node($"node-{(char)('a' + i)}", span, options))];
            await Task.WhenAll(cluster.Nodes.Select(node => node.StartAsync(cancellationToken)));
            cluster._watches = [.. cluster.Members.Select(cluster.WatchAsync)];
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops every process.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watches);
        await Task.WhenAll(Members.Select(member => member.Process?.DisposeAsync().AsTask() ?? Task.CompletedTask));
        _stopping.Dispose();
        _keys.Delete(recursive: true);
    }

    private DemoMember Node(string name, BlockSpan span, DemoOptions options)
    {
        List<string> arguments =
        [
            "node", "--model", options.Model, "--blocks", BlockRange.Format(span), "--identity", KeyOf(name), "--name", name,
            "--anchor", Anchor.Address!.ToString(), "--announce", "--until-stdin-closes", .. options.Line.Arguments,
        ];
        if (options.Threads is { } count)
        {
            arguments.AddRange(["--threads", count.ToString(CultureInfo.InvariantCulture)]);
        }

        return new DemoMember(name, span, arguments);
    }

    private string KeyOf(string name) => Path.Combine(_keys.FullName, name + ".key");

    private async Task WatchAsync(DemoMember member)
    {
        for (var restarts = 0; ; restarts++)
        {
            try
            {
                await member.Process!.Exited.WaitAsync(_stopping.Token);
                if (restarts == MaxRestarts)
                {
                    Terminal.WriteError($"{member.Name} died {MaxRestarts + 1} times; it stays down. Its last words:{Environment.NewLine}{member.Process.LastLines()}");
                    return;
                }

                Terminal.Err.MarkupLine($"[yellow]{Markup.Escape(member.Description)} died; starting it again.[/]");
                await Task.Delay(RestartDelay, TimeProvider.System, _stopping.Token);
                await member.StartAsync(_stopping.Token);
                Terminal.Err.MarkupLine($"[green]{Markup.Escape(member.Name)} is back.[/]");
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (DemoException)
            {
                // It died again while starting: the next round counts it.
            }
        }
    }
}
