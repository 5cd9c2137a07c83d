using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Network;
using Skein.P2P.Reachability;

namespace Skein.Cli.Network;

/// <summary>Finds out how others see this machine, within a minute.</summary>
internal static class NetCheck
{
    // Together under a minute, with what starting takes.
    private static readonly TimeSpan AnchorPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RouterPatience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan VerdictPatience = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan RelayPatience = TimeSpan.FromSeconds(5);

    /// <summary>Runs the check.</summary>
    /// <param name="anchors">Whom to ask; none for what this machine knows itself.</param>
    /// <param name="listen">Where to listen.</param>
    /// <param name="mayMove">Whether another port will do if that one is taken.</param>
    /// <param name="identity">File of the key; null for a new one.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="cancellationToken">Safe.</param>
    public static async Task<NetCheckReport> RunAsync(IReadOnlyList<Multiaddr> anchors, Multiaddr listen, bool mayMove, string? identity, IProgress<string> progress, CancellationToken cancellationToken)
    {
        using var key = identity is null ? PeerKey.Generate() : await OwnIdentity.LoadAsync(identity, cancellationToken);
        var options = new NetworkOptions { Key = key, Listen = [listen], Anchors = anchors, Reachability = new ReachabilityOptions(), MapPort = true };
        NetworkNode node;
        try
        {
            node = await NetworkNode.StartAsync(options, TimeProvider.System, cancellationToken);
        }
        catch (P2PException) when (mayMove)
        {
            // A node of this machine has the port: its router's port could not be asked for anyway.
            node = await NetworkNode.StartAsync(options with { Listen = [Multiaddr.FromTcp(new IPEndPoint(listen.TcpEndPoint!.Address, 0))] }, TimeProvider.System, cancellationToken);
        }

        await using (node)
        {
            return await LookAsync(node, anchors, progress, cancellationToken);
        }
    }

    private static async Task<NetCheckReport> LookAsync(NetworkNode node, IReadOnlyList<Multiaddr> anchors, IProgress<string> progress, CancellationToken cancellationToken)
    {
        progress.Report(anchors.Count > 0 ? "Calling the anchors ..." : "Asking the router ...");
        var asked = await Task.WhenAll(anchors.Select(anchor => CallAsync(node, anchor, cancellationToken)));
        if (node.Router is { } router)
        {
            progress.Report("Asking the router for a port ...");
            await Task.WhenAny(router.FirstRound, Task.Delay(RouterPatience, TimeProvider.System, cancellationToken));
        }

        var found = node.Reachability!.Report;
        if (asked.Any(anchor => anchor.RttMs is not null))
        {
            progress.Report("Waiting for the anchors to dial back ...");
            found = await node.Reachability.WaitForVerdictAsync(CanTell(node, found) ? VerdictPatience : TimeSpan.FromSeconds(2), cancellationToken);
        }

        var relayed = Relayed(node);
        if (found.State == ReachabilityState.Unreachable && relayed.Count == 0)
        {
            progress.Report("Waiting for a place at a relay ...");
            using var patience = new CancellationTokenSource(RelayPatience);
            while (relayed.Count == 0 && !patience.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
                relayed = Relayed(node);
            }
        }

        return Describe(node, found, asked, relayed);
    }

    // Whoever is asked from within a private network sees nothing of the internet.
    private static bool CanTell(NetworkNode node, ReachabilityReport found)
        => found.Addresses.Count > 0 || node.Host.Connections.Any(connection => connection.RemoteIp is { } ip && IpScope.IsPublic(ip));

    private static IReadOnlyList<string> Relayed(NetworkNode node) => [.. node.Host.Addresses.Where(address => address.IsRelayed).Select(address => address.WithPeerId(node.Host.Id).ToString())];

    private static async Task<NetCheckAnchor> CallAsync(NetworkNode node, Multiaddr anchor, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(AnchorPatience);
        try
        {
            await node.Host.ConnectAsync(anchor, bound.Token);
            return new NetCheckAnchor(anchor.ToString(), (await node.Host.PingAsync(anchor.PeerId!, bound.Token)).TotalMilliseconds, null);
        }
        catch (Exception fault) when (fault is P2PException or IOException)
        {
            return new NetCheckAnchor(anchor.ToString(), null, fault.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new NetCheckAnchor(anchor.ToString(), null, $"did not answer within {AnchorPatience.TotalSeconds:0} s");
        }
    }

    private static NetCheckReport Describe(NetworkNode node, ReachabilityReport found, IReadOnlyList<NetCheckAnchor> anchors, IReadOnlyList<string> relayed)
    {
        var (nat, words) = found.Mapping switch
        {
            NatMapping.None => ("none", "none: others see this machine's own address"),
            NatMapping.EndpointIndependent => ("endpoint-independent", "translates addresses, the same for everybody: direct connections with most others can be made from here"),
            NatMapping.EndpointDependent => ("endpoint-dependent", "gives each connection another port (\"symmetric\"): connections from others run through a relay"),
            _ => ("unknown", anchors.Count > 1 ? "not known" : "not known; a second --anchor tells more"),
        };
        var mapping = node.Router switch
        {
            null => "not asked for: no router, or nothing private is listened on",
            { Current: { } port } => $"{port.External} by {port.Method}",
            { Failures: { Count: > 0 } failures } => "none: " + string.Join("; ", failures.Select(failure => failure.Detail)),
            _ => "none: no answer in time",
        };
        return new NetCheckReport(
            node.Host.Id.ToString(),
            found.State switch { ReachabilityState.Reachable => "yes", ReachabilityState.Unreachable => "no", _ => "unknown" },
            found.PublicAddress?.ToString(),
            [.. node.Host.ListenAddresses.Select(address => address.ToString())],
            [.. found.Addresses.Select(entry => new NetCheckAddress(entry.Address.ToString(), entry.State switch { ReachabilityState.Reachable => "reachable", ReachabilityState.Unreachable => "unreachable", _ => "unknown" }, entry.Source))],
            nat,
            words,
            mapping,
            anchors,
            relayed,
            [.. NetAdvice.For(node, found, anchors, relayed.Count > 0)]);
    }
}
