using System.Text.Json;
using Skein.P2P.Addressing;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Network;
using Skein.P2P.Relay;
using Skein.P2P.Yamux;

namespace Skein.Lab.Tests.Meeting;

/// <summary>A peer of the network in a process of its own: an anchor, a peer that waits, or one that calls another and tells how that went.</summary>
internal static class PeerAgent
{
    public const string Echo = "/skein/test/echo/1.0.0";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs until it is killed. Arguments: <c>anchor</c>, <c>wait &lt;anchor&gt;</c>, or <c>call &lt;anchor&gt; &lt;peer&gt;</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var key = PeerKey.Generate();
        using var patience = new CancellationTokenSource(Patience);
        await using var node = await NetworkNode.StartAsync(
            new NetworkOptions
            {
                Key = key,
                Listen = [Multiaddr.Parse("/ip4/0.0.0.0/tcp/7400")],
                Anchors = [.. arguments.Skip(1).Take(1).Select(Multiaddr.Parse)],
                Dht = arguments[0] == "anchor" ? KademliaMode.Server : KademliaMode.Client,
                Relay = arguments[0] == "anchor" ? new RelayServerOptions() : null,

                // The laboratory's public addresses are reserved for documentation.
                HolePunching = new HolePunchOptions { AllowPrivateAddresses = true },
            },
            TimeProvider.System,
            patience.Token);
        node.Host.Handle(Echo, StreamClass.Decode, (stream, token) => stream.CopyToAsync(stream, token));
        switch (arguments)
        {
            case ["anchor"]:
                Console.WriteLine($"ready {node.Addresses.First(address => address.IsPlainTcp && address.TcpEndPoint!.Address.ToString() != "127.0.0.1")}");
                break;
            case ["wait", _]:
                await UntilAsync(() => node.Host.Addresses.Any(address => address.IsRelayed), patience.Token);
                Console.WriteLine($"ready {node.Host.Addresses.First(address => address.IsRelayed).WithPeerId(node.Host.Id)}");
                break;
            case ["call", _, var peer]:
                await UntilAsync(() => node.Host.Addresses.Any(address => address.IsRelayed), patience.Token);
                Console.WriteLine("report " + JsonSerializer.Serialize(await CallAsync(node, Multiaddr.Parse(peer), patience.Token)));
                break;
        }

        // The laboratory ends it by force; without one it ends by itself.
        await Task.WhenAny(Task.Delay(2 * Patience, TimeProvider.System, CancellationToken.None));
        return 0;
    }

    private static async Task<MeetingReport> CallAsync(NetworkNode node, Multiaddr target, CancellationToken cancellationToken)
    {
        var peer = target.PeerId!;
        await node.Host.ConnectAsync(target, cancellationToken);
        await UntilAsync(() => node.HolePunching.Outcomes.Count > 0, cancellationToken);
        var outcome = node.HolePunching.Outcomes[0];
        await using var stream = await node.Host.NewStreamAsync(peer, Echo, StreamClass.Decode, cancellationToken);
        await stream.WriteAsync(new byte[8192], cancellationToken);
        var back = new byte[8192];
        await stream.ReadExactlyAsync(back, cancellationToken);
        return new MeetingReport(outcome.Result.ToString(), outcome.Tries, outcome.Elapsed.TotalSeconds, outcome.Reason, stream.Connection.IsRelayed, stream.Connection.IsOutbound);
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
        }
    }
}
