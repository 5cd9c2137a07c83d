using Skein.P2P.Addressing;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>Two peers that met through a relay find a direct way (DCUtR): js-libp2p on either side, and either relay.</summary>
/// <remarks>
/// js-libp2p dials from any port, not from the one it listens on, so that no call of its can cross one of ours in a closed router: whatever comes about, comes about because one side can be
/// called. Both halves of the protocol are spoken here all the same: the plain call back, and the exchange of CONNECT and SYNC after which both call at once.
/// </remarks>
public sealed class HolePunchInteropTests(JsNodes js) : IClassFixture<JsNodes>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Multiaddr NobodysAddress = Multiaddr.Parse($"/ip4/{OwnNetwork.Ip(0)}/tcp/9");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task JsCallsUs_AndCanBeCalled_WeCallBack(bool jsRelays)
    {
        OwnNetwork.Require();
        await using var relay = await StartRelayAsync(jsRelays);
        await using var called = await PunchPeer.StartAsync(OwnNetwork.Ip(2));
        var address = await called.KeepAsync(relay.Address);
        var caller = await js.StartAsync([Tcp(0)], services: ["dcutr"]);
        await caller.CallAsync("confirm");

        await caller.DialAsync(address);

        Assert.Equal((HolePunchResult.Reversed, caller.Id), await EndAsync(called));
        await CheckDirectAsync(called, caller, weDialled: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WeCallJs_AndCanBeCalled_JsCallsBack(bool jsRelays)
    {
        OwnNetwork.Require();
        await using var relay = await StartRelayAsync(jsRelays);
        var called = await js.StartAsync([relay.Address + "/p2p-circuit"], services: ["dcutr"]);
        await using var caller = await PunchPeer.StartAsync(OwnNetwork.Ip(0));

        await caller.Host.ConnectAsync(called.RelayedAddress, None).WaitAsync(Bound);

        Assert.Equal((HolePunchResult.Reversed, called.Id), await EndAsync(caller));
        await CheckDirectAsync(caller, called, weDialled: false);
    }

    /// <summary>js-libp2p tells an address where nobody answers, so that our call back fails and we lead a round: js-libp2p then calls us as soon as it has our SYNC.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task JsCallsUs_AndCannotBeCalled_WeLeadARound(bool jsRelays)
    {
        OwnNetwork.Require();
        await using var relay = await StartRelayAsync(jsRelays);
        await using var called = await PunchPeer.StartAsync(OwnNetwork.Ip(2));
        var address = await called.KeepAsync(relay.Address);
        var caller = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"], announce: [NobodysAddress.ToString()], services: ["dcutr"]);

        await caller.DialAsync(address);

        var outcome = await called.Outcome;
        Assert.Equal(HolePunchResult.Punched, outcome.Result);
        Assert.InRange(outcome.Tries, 1, 3);
        await CheckDirectAsync(called, caller, weDialled: false);
    }

    /// <summary>The same with js-libp2p as the leader: we call it as soon as we have its SYNC.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WeCallJs_AndCannotBeCalled_JsLeadsARound(bool jsRelays)
    {
        OwnNetwork.Require();
        await using var relay = await StartRelayAsync(jsRelays);
        var called = await js.StartAsync([relay.Address + "/p2p-circuit", Tcp(2)], services: ["dcutr"]);
        await called.CallAsync("confirm");
        await using var caller = await PunchPeer.StartAsync("127.0.0.1", [NobodysAddress]);

        await caller.Host.ConnectAsync(called.RelayedAddress, None).WaitAsync(Bound);

        var outcome = await caller.Outcome;
        Assert.Equal(HolePunchResult.Punched, outcome.Result);
        Assert.InRange(outcome.Tries, 1, 3);
        await CheckDirectAsync(caller, called, weDialled: true);
    }

    private static string Tcp(int number) => $"/ip4/{OwnNetwork.Ip(number)}/tcp/0";

    private static async Task<(HolePunchResult Result, PeerId Peer)> EndAsync(PunchPeer peer)
    {
        var outcome = await peer.Outcome;
        Assert.Equal(string.Empty, outcome.Reason);
        return (outcome.Result, outcome.Peer);
    }

    // One direct connection that carries streams, and the relayed one gone on both sides.
    private static async Task CheckDirectAsync(PunchPeer ours, JsNode theirs, bool weDialled)
    {
        await InteropHost.EchoAsync(ours.Host, theirs.Id, 300_000);
        await InteropHost.UntilAsync(() => !ours.Host.ConnectionsWith(theirs.Id).Any(connection => connection.IsRelayed), "the end of the relayed connection");
        Assert.All(ours.Host.ConnectionsWith(theirs.Id), connection => Assert.Equal(weDialled, connection.IsOutbound));
        await theirs.Process.UntilAsync(
            "connections",
            new { node = theirs.Number, peer = ours.Host.Id.ToString() },
            answer => answer["connections"]!.AsArray() is { Count: > 0 } list && list.All(connection => !((string)connection!["remote"]!).Contains("p2p-circuit", StringComparison.Ordinal)),
            "direct connections alone");
    }

    private async Task<Relay> StartRelayAsync(bool isJs)
    {
        if (isJs)
        {
            var node = await js.StartAsync([Tcp(1)], services: ["relay"]);
            await node.CallAsync("confirm");
            return new Relay(node.Address, null);
        }

        var ours = await PunchPeer.StartAsync(OwnNetwork.Ip(1), relays: true);
        return new Relay(ours.Address, ours);
    }

    private sealed record Relay(Multiaddr Address, PunchPeer? Ours) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Ours?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
