using System.Text.Json;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.HolePunching;
using Skein.P2P.Relay;
using Skein.P2P.Transports.Tcp;

namespace Skein.Interop.Tests;

/// <summary>A peer of this library in a process of its own: a relay, or one that calls a peer through a relay and tells how that went.</summary>
internal static class HomePeer
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Runs until it is killed. Arguments: <c>relay</c>, or <c>call &lt;relay&gt; &lt;peer&gt;</c>.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        AppContext.SetSwitch(IpScope.LaboratorySwitch, true);
        var tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        await using var host = await InteropHost.StartAsync(options => options with { Listen = [Multiaddr.Parse("/ip4/0.0.0.0/tcp/7400")] }, tcp);
        await using var relays = new RelayClient(host, new RelayClientOptions(), TimeProvider.System);
        switch (arguments)
        {
            case ["relay"]:
                await using (new RelayServer(host, new RelayServerOptions { ClassOf = _ => RelayClass.Swarm }, TimeProvider.System))
                {
                    Console.WriteLine($"ready {host.Addresses.First(IpScope.IsPublic).WithPeerId(host.Id)}");
                    await Task.Delay(2 * Patience);
                }

                return 0;
            case ["call", var relay, var peer]:
                Console.WriteLine("report " + JsonSerializer.Serialize(await CallAsync(host, tcp, Multiaddr.Parse(relay), Multiaddr.Parse(peer))));
                await Task.Delay(2 * Patience);
                return 0;
            default:
                return 1;
        }
    }

    private static async Task<HomeReport> CallAsync(P2PHost host, TcpTransport tcp, Multiaddr relay, Multiaddr peer)
    {
        await using var puncher = new HolePuncher(host, tcp, new HolePunchOptions(), TimeProvider.System);
        var ended = new TaskCompletionSource<HolePunchOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        puncher.Ended += (_, e) => ended.TrySetResult(e.Outcome);
        var connection = await host.ConnectAsync(relay, CancellationToken.None);
        await InteropHost.UntilAsync(() => connection.ObservedAddress is not null, "how the relay sees this home");
        await host.ConnectAsync(peer, CancellationToken.None);
        var outcome = await ended.Task.WaitAsync(Patience);
        await InteropHost.EchoAsync(host, peer.PeerId!, 10_000);
        return new HomeReport(outcome.Result, outcome.Tries, outcome.Reason, host.ConnectionsWith(peer.PeerId!).Any(direct => !direct.IsRelayed));
    }
}
