using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Network;
using Skein.P2P.Reachability;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.Interop.Tests;

/// <summary>AutoNAT with each role played by each side, over addresses that look public to both.</summary>
/// <remarks>A dial to an address of one's own machine comes from that very address: a peer seems to come from where the server is, unless it says where it dials from.</remarks>
public sealed class AutoNatInteropTests(JsNodes js) : IClassFixture<JsNodes>
{
    // js-libp2p takes one server's word that an address works, and wants eight that it does not.
    private const int NeededFailures = 8;
    private const int Discard = 9;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>From its own address the server dials at once; from another only after it was sent what a dial costs.</summary>
    [Theory]
    [InlineData("autonat2", true)]
    [InlineData("autonat2", false)]
    [InlineData("autonat", true)]
    public async Task WeServe_JsAsksForAnAddressThatWorks_IsReachable(string version, bool fromThere)
    {
        OwnNetwork.Require();
        await using var server = await Server.StartAsync(OwnNetwork.Ip(1));
        var node = await js.StartAsync([Ip(0)], services: [version], from: fromThere ? OwnNetwork.Ip(0) : null);
        Assert.DoesNotContain(node.Listens[0], node.Addresses);

        await node.DialAsync(server.Address);

        Assert.True(await node.VerdictAsync(node.Listens[0]), "js-libp2p takes its address for one that does not work");
        Assert.Contains(node.Listens[0].WithPeerId(node.Id).ToString(), (await node.CallAsync("addresses"))["addresses"]!.AsArray().Select(address => (string)address!));
    }

    [Theory]
    [InlineData("autonat2")]
    [InlineData("autonat")]
    public async Task WeServe_JsAsksForAnAddressWhereNobodyAnswers_IsNotReachable(string version)
    {
        OwnNetwork.Require();
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"], services: [version], from: OwnNetwork.Ip(0));
        await js.CallAsync("map", new { node = node.Number, ip = "127.0.0.1", port = node.Listens[0].TcpEndPoint!.Port, outsideIp = OwnNetwork.Ip(0), outsidePort = Discard });
        var mapped = Multiaddr.Parse($"/ip4/{OwnNetwork.Ip(0)}/tcp/{Discard}");
        var servers = new List<Server>();
        try
        {
            for (var asked = 1; asked <= NeededFailures; asked++)
            {
                var server = await Server.StartAsync(OwnNetwork.Ip(asked));
                servers.Add(server);
                await node.DialAsync(server.Address);
                if (asked < NeededFailures)
                {
                    var answers = await node.UntilAsync("answers", answer => answer["answers"]!.AsArray().Any(entry => (int)entry!["failure"]! == asked), $"answer {asked} that nobody is there");
                    Assert.Equal(0, (int)answers["answers"]![0]!["success"]!);
                }
            }

            Assert.False(await node.VerdictAsync(mapped), "js-libp2p takes an address for reachable where nobody answers");
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Where we seem to come from another address, js-libp2p asks for dial data before it dials.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task JsServes_WeAsk_IsToldWhatWorksAndWhatDoesNot(int place)
    {
        OwnNetwork.Require();
        var server = await js.StartAsync([Ip(1)], services: ["autonat2"]);
        await using var host = await StartHostAsync(OwnNetwork.Ip(place));
        using var client = new AutoNatClient(host, TimeProvider.System);
        await host.ConnectAsync(server.Address, None);

        var works = await client.AskAsync(server.Id, host.Addresses, None).WaitAsync(Bound);
        Assert.True(works.IsReachable, works.Detail);
        Assert.Equal(host.Addresses[0], works.Address);

        var fails = await client.AskAsync(server.Id, [Multiaddr.Parse($"/ip4/{OwnNetwork.Ip(place)}/tcp/{Discard}")], None).WaitAsync(Bound);
        Assert.False(fails.IsReachable, fails.Detail);

        // js-libp2p says nothing at all about private addresses.
        var isPrivate = await client.AskAsync(server.Id, [Multiaddr.Parse("/ip4/192.168.1.2/tcp/4001")], None).WaitAsync(Bound);
        Assert.Null(isPrivate.IsReachable);
    }

    [Fact]
    public async Task JsServes_ANodeOfOurs_FindsThatItIsReachable()
    {
        OwnNetwork.Require();
        await using var node = await StartNodeAsync(Ip(0), []);

        var report = await VerdictAsync(node);

        Assert.Equal(ReachabilityState.Reachable, report.State);
        Assert.Contains(node.Host.ListenAddresses[0], report.Reachable);
    }

    [Fact]
    public async Task JsServes_ANodeOfOursThatNobodyReaches_FindsThatOut()
    {
        OwnNetwork.Require();
        await using var node = await StartNodeAsync("/ip4/127.0.0.1/tcp/0", [Multiaddr.Parse($"/ip4/{OwnNetwork.Ip(0)}/tcp/{Discard}")]);

        var report = await VerdictAsync(node);

        Assert.Equal(ReachabilityState.Unreachable, report.State);
        Assert.Empty(report.Reachable);
    }

    private static string Ip(int number) => $"/ip4/{OwnNetwork.Ip(number)}/tcp/0";

    private static Task<P2PHost> StartHostAsync(string ip) => InteropHost.StartAsync(options => options with { Listen = [Multiaddr.Parse($"/ip4/{ip}/tcp/0")] });

    private static Task<NetworkNode> StartNodeAsync(string listen, IReadOnlyList<Multiaddr> announce)
        => NetworkNode.StartAsync(
            new NetworkOptions { Key = PeerKey.Generate(), Listen = [Multiaddr.Parse(listen)], Announce = announce, Reachability = new ReachabilityOptions() },
            TimeProvider.System,
            None);

    // Four servers of js-libp2p in four neighbourhoods.
    private async Task<ReachabilityReport> VerdictAsync(NetworkNode node)
    {
        foreach (var number in new[] { 1, 2, 3, 4 })
        {
            var server = await js.StartAsync([Ip(number)], services: ["autonat2"]);
            await node.Host.ConnectAsync(server.Address, None).WaitAsync(Bound);
        }

        return await node.Reachability!.WaitForVerdictAsync(Bound, None);
    }

    private sealed class Server : IAsyncDisposable
    {
        private readonly P2PHost _host;
        private readonly AutoNatServer _server;

        private Server(P2PHost host, AutoNatServer server)
        {
            _host = host;
            _server = server;
        }

        public Multiaddr Address => _host.Addresses[0].WithPeerId(_host.Id);

        public static async Task<Server> StartAsync(string ip)
        {
            var host = await StartHostAsync(ip);
            var tcp = new TcpTransport(new TcpTransportOptions { DialFromListenPort = false }, TimeProvider.System);
            return new Server(host, new AutoNatServer(host, [tcp, new WebSocketTransport(tcp)], new AutoNatServerOptions { DialTimeout = TimeSpan.FromSeconds(25) }, TimeProvider.System));
        }

        public async ValueTask DisposeAsync()
        {
            _server.Dispose();
            await _host.DisposeAsync();
        }
    }
}
