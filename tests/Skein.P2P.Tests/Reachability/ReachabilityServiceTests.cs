using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Network;
using Skein.P2P.Reachability;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Reachability;

/// <summary>Nodes that find out whether others reach them, over loopback.</summary>
public sealed class ReachabilityServiceTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly ReachabilityOptions Options = new() { AllowPrivate = true };

    [Fact]
    public async Task Verdict_ServersThatGetThrough_IsReachable()
    {
        await using var near = await HostFixture.StartTcpAsync();
        await using var one = await HostFixture.StartTcpAsync();
        await using var two = await HostFixture.StartTcpAsync();
        using var first = Serve(one);
        using var second = Serve(two);
        using var client = new AutoNatClient(near, TimeProvider.System);
        await using var service = new ReachabilityService(near, client, null, [], Options, TimeProvider.System);
        service.Start();
        Assert.Equal(ReachabilityState.Unknown, service.Report.State);

        await near.ConnectAsync(HostFixture.AddressOf(one), None);
        await near.ConnectAsync(HostFixture.AddressOf(two), None);

        await Waiting.Until(() => service.Report is { State: ReachabilityState.Reachable, Servers: >= 2, Mapping: NatMapping.None }, "both servers' word");
        Assert.Contains(near.ListenAddresses[0], service.Report.Reachable);
        Assert.Equal("127.0.0.1", service.Report.PublicAddress?.ToString());
        Assert.Equal(ReachabilityState.Reachable, (await service.WaitForVerdictAsync(Waiting.Bound, None)).State);
    }

    [Fact]
    public async Task Verdict_ServersThatDoNotGetThrough_IsUnreachableAndIsTold()
    {
        await using var near = await HostFixture.StartTcpAsync();
        await using var far = await HostFixture.StartTcpAsync();
        Pretend(far, DialStatus.DialError);
        using var client = new AutoNatClient(near, TimeProvider.System);
        await using var service = new ReachabilityService(near, client, null, [], Options, TimeProvider.System);
        var told = new TaskCompletionSource<ReachabilityReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        service.Changed += report =>
        {
            if (report.State == ReachabilityState.Unreachable)
            {
                told.TrySetResult(report);
            }
        };
        service.Start();

        await near.ConnectAsync(HostFixture.AddressOf(far), None);

        Assert.Equal(ReachabilityState.Unreachable, (await service.WaitForVerdictAsync(Waiting.Bound, None)).State);
        var report = await told.Task.Within("word of it");
        Assert.Empty(report.Reachable);
        Assert.All(report.Addresses, address => Assert.Equal((0, 1), (address.Reached, address.Failed)));
    }

    [Fact]
    public async Task Verdict_ServerThatLies_StaysUnknown()
    {
        await using var near = await HostFixture.StartTcpAsync();
        await using var far = await HostFixture.StartTcpAsync();
        Pretend(far, DialStatus.Ok);
        using var client = new AutoNatClient(near, TimeProvider.System);
        await using var service = new ReachabilityService(near, client, null, [], Options, TimeProvider.System);
        service.Start();

        await near.ConnectAsync(HostFixture.AddressOf(far), None);

        await Waiting.Until(() => service.Report.Faults.Count > 0, "the server's lie");
        Assert.Equal(ReachabilityState.Unknown, service.Report.State);
    }

    [Fact]
    public async Task Verdict_PrivateAddressesAlone_AskNobody()
    {
        await using var near = await HostFixture.StartTcpAsync();
        await using var far = await HostFixture.StartTcpAsync();
        using var serving = Serve(far);
        using var client = new AutoNatClient(near, TimeProvider.System);
        await using var service = new ReachabilityService(near, client, null, [], new ReachabilityOptions(), TimeProvider.System);
        service.Start();

        await near.ConnectAsync(HostFixture.AddressOf(far), None);

        await Waiting.Until(() => service.Report.Servers == 1, "the server");
        Assert.Empty(service.Report.Addresses);
        Assert.Equal(ReachabilityState.Unknown, service.Report.State);
    }

    [Fact]
    public async Task Answers_GrownOld_AreAskedForAgain()
    {
        await using var counted = await CountedServer.StartAsync(new DialResponse(AutoNatStatus.Ok, 0, DialStatus.DialError));
        await Settled(counted, () => counted.Service.Report.State == ReachabilityState.Unreachable);
        Assert.Equal(1, counted.Asked);
        var answered = counted.Time.GetUtcNow();

        await Settled(counted, () => counted.Asked == 2);

        // The answer may have come a step or two before it was seen here.
        Assert.True(counted.Time.GetUtcNow() - answered >= Options.AnswerLifetime - TimeSpan.FromMinutes(5), $"Asked again after {counted.Time.GetUtcNow() - answered}.");
    }

    [Fact]
    public async Task Server_ThatCouldNotSay_IsAskedAgainSoon()
    {
        await using var counted = await CountedServer.StartAsync(new DialResponse(AutoNatStatus.RequestRejected, 0, DialStatus.Unused));
        await Settled(counted, () => counted.Asked == 1 && counted.Service.Report.Faults.Count == 1);
        var first = counted.Time.GetUtcNow();

        await Settled(counted, () => counted.Asked == 2);

        Assert.InRange((counted.Time.GetUtcNow() - first).TotalMinutes, 1.9, 10);
        Assert.Equal(ReachabilityState.Unknown, counted.Service.Report.State);
    }

    // Time passes only in steps that a look survives: its requests run on the real clock.
    private static Task Settled(CountedServer counted, Func<bool> condition) => Waiting.Until(
        () =>
        {
            if (condition())
            {
                return true;
            }

            counted.Time.Advance(TimeSpan.FromMilliseconds(500));
            return false;
        },
        $"the state wanted (it is {counted.Service.Report.State})");

    [Fact]
    public async Task Node_FoundReachable_ServesTheNetworkAndSaysWhere()
    {
        using var anchorKey = PeerKey.Generate();
        using var key = PeerKey.Generate();
        await using var anchor = await StartAsync(anchorKey, options => options with { Dht = KademliaMode.Server, AutoNat = new AutoNatServerOptions { AllowPrivate = true } });
        await using var node = await StartAsync(key, options => options with { Anchors = [anchor.Addresses[0]], Reachability = Options });

        await Waiting.Until(() => node.Dht.Mode == KademliaMode.Server, "the DHT served");
        await Waiting.Until(() => node.Host.Protocols.Contains(AutoNatProtocol.DialRequestId), "AutoNAT served");
        Assert.Equal(ReachabilityState.Reachable, node.Reachability!.Report.State);
        Assert.Null(node.Router);
    }

    private static Task<NetworkNode> StartAsync(PeerKey key, Func<NetworkOptions, NetworkOptions> change)
        => NetworkNode.StartAsync(change(new NetworkOptions { Key = key, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] }), TimeProvider.System, None);

    private static AutoNatServer Serve(P2PHost host)
        => new(host, [new TcpTransport(new TcpTransportOptions { DialFromListenPort = false }, TimeProvider.System)], new AutoNatServerOptions { AllowPrivate = true }, TimeProvider.System);

    private static void Pretend(P2PHost host, DialStatus status) => host.Handle(AutoNatProtocol.DialRequestId, StreamClass.Control, async (stream, token) =>
    {
        await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, token);
        await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { Response = new DialResponse(AutoNatStatus.Ok, 0, status) }.Write(), token);
    });
}
