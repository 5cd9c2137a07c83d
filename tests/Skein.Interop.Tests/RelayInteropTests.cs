using System.Text.Json.Nodes;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Relay;

namespace Skein.Interop.Tests;

/// <summary>Circuit relay v2 with each role played by each side.</summary>
public sealed class RelayInteropTests(JsRelay js) : IClassFixture<JsRelay>
{
    private const int Size = 300_000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task JsRelays_BothEndsOurs_EchoRuns()
    {
        await using var called = await Peer.StartAsync();
        await using var caller = await Peer.StartAsync();
        var place = await called.KeepAsync(js.Tcp);
        Assert.Null(place.Limit);
        Assert.True(ReservationVoucher.TryOpen(place.Reservation!.Voucher.Span, out var voucher));
        Assert.Equal((js.Id, called.Host.Id), (voucher.Relay, voucher.Peer));

        await caller.EchoThroughAsync(place.Addresses[0].WithPeerId(called.Host.Id));
    }

    [Fact]
    public async Task JsRelays_TheCalledIsJs_EchoRuns()
    {
        var called = await js.CallAsync("reserve", new { relay = js.Tcp.ToString() });
        await using var caller = await Peer.StartAsync();

        await caller.EchoThroughAsync(AddressOf(called));
    }

    [Fact]
    public async Task JsRelays_TheCallerIsJs_EchoRuns()
    {
        await using var called = await Peer.StartAsync();
        var place = await called.KeepAsync(js.Tcp);

        await EchoFromJsAsync(place.Addresses[0].WithPeerId(called.Host.Id), isLimited: false);
    }

    [Fact]
    public async Task WeRelay_BothEndsJs_EchoRuns()
    {
        await using var relay = await Peer.StartAsync(RelayClass.Swarm);
        var called = await js.CallAsync("reserve", new { relay = relay.Address.ToString() });
        Assert.Equal(1, relay.Server!.ReservationCount);

        await EchoFromJsAsync(AddressOf(called), isLimited: false);
    }

    [Fact]
    public async Task WeRelay_TheCalledIsJs_EchoRuns()
    {
        await using var relay = await Peer.StartAsync(RelayClass.Swarm);
        var called = await js.CallAsync("reserve", new { relay = relay.Address.ToString() });
        await using var caller = await Peer.StartAsync();

        await caller.EchoThroughAsync(AddressOf(called));
    }

    [Fact]
    public async Task WeRelay_TheCallerIsJs_EchoRuns()
    {
        await using var relay = await Peer.StartAsync(RelayClass.Swarm);
        await using var called = await Peer.StartAsync();
        var place = await called.KeepAsync(relay.Address);

        await EchoFromJsAsync(place.Addresses[0].WithPeerId(called.Host.Id), isLimited: false);
    }

    [Fact]
    public async Task WeRelay_LimitedCircuit_JsKnowsTheLimitAndIsCut()
    {
        await using var relay = await Peer.StartAsync(RelayClass.Signal);
        await using var called = await Peer.StartAsync();
        var place = await called.KeepAsync(relay.Address);
        Assert.Equal(128 * 1024, place.Limit?.Data);
        var address = place.Addresses[0].WithPeerId(called.Host.Id).ToString();

        var small = await js.CallAsync("echo", new { address, size = 1000 });
        Assert.True((bool)small["limited"]!);
        Assert.False((bool)(await js.TryCallAsync("echo", new { address, size = Size }))["ok"]!);
    }

    [Fact]
    public async Task JsRelays_WithItsDefaultLimits_WeKnowThem()
    {
        await using var called = await Peer.StartAsync();
        await using var caller = await Peer.StartAsync();
        var place = await called.KeepAsync(js.Strict);

        // js-libp2p 3.3 sends its two minutes as 120,000 seconds: it counts in milliseconds. It cuts after two minutes all the same.
        Assert.Equal((TimeSpan.FromSeconds(120_000), 128 * 1024), (place.Limit!.Duration, place.Limit.Data));

        var connection = await caller.Host.ConnectAsync(place.Addresses[0].WithPeerId(called.Host.Id), None).WaitAsync(Bound);
        Assert.Equal(128 * 1024, connection.Limit?.Data);
    }

    [Fact]
    public async Task JsRelays_PeerWithoutAPlace_WeAreToldSo()
    {
        await using var caller = await Peer.StartAsync();
        using var nobody = PeerKey.Generate();

        var fault = await Assert.ThrowsAsync<P2PException>(() => caller.Host.ConnectAsync(CircuitAddress.Through(js.Tcp.WithoutPeerId(), js.Id).WithPeerId(nobody.PeerId), None).WaitAsync(Bound));

        Assert.Contains("no place", fault.Message, StringComparison.Ordinal);
    }

    private static Multiaddr AddressOf(JsonNode called)
    {
        var address = called["addresses"]!.AsArray().Select(text => Multiaddr.Parse((string)text!)).First(address => address.IsRelayed);
        return address.WithPeerId(PeerId.Parse((string)called["id"]!));
    }

    private async Task EchoFromJsAsync(Multiaddr address, bool isLimited)
    {
        var answer = await js.CallAsync("echo", new { address = address.ToString(), size = Size });
        Assert.True((bool)answer["same"]!, "other bytes came back");
        Assert.Equal(Size, (int)answer["received"]!);
        Assert.Equal(isLimited, (bool)answer["limited"]!);
        Assert.Contains("p2p-circuit", (string)answer["remote"]!, StringComparison.Ordinal);
    }

    private sealed class Peer : IAsyncDisposable
    {
        public required P2PHost Host { get; init; }

        public required RelayClient Client { get; init; }

        public RelayServer? Server { get; init; }

        public Multiaddr Address => Host.Addresses[0].WithPeerId(Host.Id);

        public static async Task<Peer> StartAsync(RelayClass? relays = null)
        {
            var host = await InteropHost.StartAsync();
            var server = relays is { } level ? new RelayServer(host, new RelayServerOptions { ClassOf = _ => level, RatePerPeer = 0, TellPrivateAddresses = true }, TimeProvider.System) : null;
            return new Peer { Host = host, Client = new RelayClient(host, new RelayClientOptions(), TimeProvider.System), Server = server };
        }

        public async Task<RelayPlace> KeepAsync(Multiaddr relay)
        {
            Host.Peers.AddAddresses(relay.PeerId!, relay);
            var won = new TaskCompletionSource<RelayPlace>(TaskCreationOptions.RunContinuationsAsynchronously);
            Client.PlaceChanged += (_, e) => won.TrySetResult(e.Place);
            Assert.True(Client.Keep(relay.PeerId!));
            var place = await won.Task.WaitAsync(Bound);
            Assert.True(place.Reservation is not null, place.Fault);
            return place;
        }

        public async Task EchoThroughAsync(Multiaddr address)
        {
            await Host.ConnectAsync(address, None).WaitAsync(Bound);
            await InteropHost.EchoAsync(Host, address.PeerId!, Size);
            Assert.All(Host.ConnectionsWith(address.PeerId!), connection => Assert.True(connection.IsRelayed));
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            if (Server is not null)
            {
                await Server.DisposeAsync();
            }

            await Host.DisposeAsync();
        }
    }
}
