using Skein.Cli.Output;
using Skein.Core.Identity;
using Spectre.Console;

namespace Skein.Cli.Demo;

/// <summary>Node processes that together hold a model; a node that dies is started again on its port.</summary>
internal sealed class DemoCluster : IAsyncDisposable
{
    // A node that cannot live is not started for ever.
    private const int MaxRestarts = 5;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly NodeProcess[] _nodes;
    private readonly Task[] _watches;

    private DemoCluster(NodeProcess[] nodes, int[] ports, DemoOptions options)
    {
        _nodes = nodes;
        Ports = ports;
        _watches = [.. Enumerable.Range(0, nodes.Length).Select(i => WatchAsync(i, options))];
    }

    /// <summary>Port of each node, first span first.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <summary>The nodes, first span first.</summary>
    public IReadOnlyList<NodeProcess> Nodes => _nodes;

    /// <summary>Starts all nodes and waits until each listens.</summary>
    /// <exception cref="DemoException">One did not come up; the others are stopped.</exception>
    public static async Task<DemoCluster> StartAsync(DemoOptions options, IReadOnlyList<BlockSpan> spans, CancellationToken cancellationToken)
    {
        var nodes = new List<NodeProcess>();
        try
        {
            for (var i = 0; i < spans.Count; i++)
            {
                nodes.Add(NodeProcess.Start($"node-{(char)('a' + i)}", spans[i], port: 0, options));
            }

            var ports = await Task.WhenAll(nodes.Select(node => node.WaitUntilReadyAsync(cancellationToken)));
            return new DemoCluster([.. nodes], ports, options);
        }
        catch
        {
            await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
            throw;
        }
    }

    /// <summary>Stops every node.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watches);
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        _stopping.Dispose();
    }

    private async Task WatchAsync(int index, DemoOptions options)
    {
        for (var restarts = 0; ; restarts++)
        {
            var node = _nodes[index];
            try
            {
                await node.Exited.WaitAsync(_stopping.Token);
                if (restarts == MaxRestarts)
                {
                    Terminal.WriteError($"{node.Name} died {MaxRestarts + 1} times; it stays down. Its last words:{Environment.NewLine}{node.LastLines()}");
                    return;
                }

                Terminal.Err.MarkupLine($"[yellow]{Markup.Escape(node.Name)} (blocks {node.Span}) died; starting it again.[/]");
                await Task.Delay(RestartDelay, TimeProvider.System, _stopping.Token);
                var next = NodeProcess.Start(node.Name, node.Span, Ports[index], options);
                _nodes[index] = next;
                await node.DisposeAsync();
                await next.WaitUntilReadyAsync(_stopping.Token);
                Terminal.Err.MarkupLine($"[green]{Markup.Escape(next.Name)} is back.[/]");
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
