using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.Cli.Demo;

/// <summary>One process of the demonstration: the anchor, or a node. Started again, it has the same identity and port.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Span">Blocks it hosts; null for the anchor.</param>
/// <param name="Arguments">Its command line, all but where it listens.</param>
internal sealed record DemoMember(string Name, BlockSpan? Span, IReadOnlyList<string> Arguments)
{
    /// <summary>Its process.</summary>
    public ChildProcess? Process { get; private set; }

    /// <summary>How the others reach it, once it was ready.</summary>
    public Multiaddr? Address { get; private set; }

    /// <summary>Who it is, once it was ready.</summary>
    public PeerId Id => Address!.PeerId!;

    /// <summary>What it does, for people.</summary>
    public string Description => Span is { } span ? $"{Name} (blocks {span})" : Name;

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <exception cref="DemoException">It ended before.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var earlier = Process;
        var listen = $"/ip4/127.0.0.1/tcp/{Address?.TcpEndPoint!.Port ?? 0}";
        Process = ChildProcess.Start(Description, [.. Arguments, "--listen", listen]);
        if (earlier is not null)
        {
            await earlier.DisposeAsync();
        }

        Address = Multiaddr.Parse(await Process.WaitUntilReadyAsync(cancellationToken));
    }
}
