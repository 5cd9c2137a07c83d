using System.Text.Json.Nodes;
using Skein.P2P.Errors;
using Skein.P2P.Relay;
using Skein.P2P.Yamux;

namespace Skein.Interop.Tests;

/// <summary>Places at relays that would run out are renewed, with each role played by each side; the clocks are hurried.</summary>
public sealed class RelayRefreshTests(JsNodes js) : IClassFixture<JsNodes>
{
    private const int Size = 300_000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>js-libp2p renews five minutes before the end, but not within half a minute: of a place for two minutes, every half minute.</summary>
    [Fact]
    public async Task WeRelay_PlaceOfJs_IsRenewed()
    {
        await js.CallAsync("hurry", new { factor = 60 });
        await using var relay = await InteropHost.StartAsync();
        await using var server = new RelayServer(relay, new RelayServerOptions { ReservationTime = TimeSpan.FromMinutes(2), TellPrivateAddresses = true }, TimeProvider.System);
        var address = InteropHost.AddressOf(relay, false);
        var called = await js.StartAsync([address + "/p2p-circuit"]);
        long Until(JsonNode place) => (long)place["until"]!;
        var first = Until(await PlaceAsync(_ => true, "a place"));
        Assert.InRange(first - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 60, 120);

        await PlaceAsync(place => Until(place) > first, "a renewed place");

        Assert.Equal(1, server.ReservationCount);

        Task<JsonNode> PlaceAsync(Func<JsonNode, bool> condition, string phase)
            => js.UntilAsync("place", new { node = called.Number, peer = relay.Id.ToString() }, place => place["until"] is not null && condition(place), phase);
    }

    [Fact]
    public async Task JsRelays_PlaceOfOurs_IsRenewedAndStillLeadsToUs()
    {
        var relay = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"], services: ["relay"]);
        await using var called = await InteropHost.StartAsync();
        await using var client = new RelayClient(called, new RelayClientOptions { LeastRenewal = TimeSpan.FromMilliseconds(100), MostRenewal = TimeSpan.FromMilliseconds(300) }, TimeProvider.System);
        await using var caller = await InteropHost.StartAsync();
        await using var callerClient = new RelayClient(caller, new RelayClientOptions(), TimeProvider.System);
        var first = new TaskCompletionSource<RelayPlace>(TaskCreationOptions.RunContinuationsAsynchronously);
        var renewed = new TaskCompletionSource<RelayPlace>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.PlaceChanged += (_, e) =>
        {
            if (!first.TrySetResult(e.Place) && (e.Place.Reservation is null || e.Place.Reservation.Expires > first.Task.Result.Reservation!.Expires))
            {
                renewed.TrySetResult(e.Place);
            }
        };
        called.Peers.AddAddresses(relay.Id, relay.Address);

        Assert.True(client.Keep(relay.Id));
        Assert.NotNull((await first.Task.WaitAsync(Bound)).Reservation);
        var place = await renewed.Task.WaitAsync(Bound);

        Assert.True(place.Reservation is not null, place.Fault);
        await caller.ConnectAsync(place.Addresses[0].WithPeerId(called.Id), None).WaitAsync(Bound);
        await InteropHost.EchoAsync(caller, called.Id, Size);
    }

    /// <summary>js-libp2p counts both directions together.</summary>
    [Fact]
    public async Task JsRelays_MoreThanItsDefaultLimit_IsCut()
    {
        var relay = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"], services: ["strictRelay"]);
        await using var called = await InteropHost.StartAsync();
        await using var client = new RelayClient(called, new RelayClientOptions(), TimeProvider.System);
        await using var caller = await InteropHost.StartAsync();
        await using var callerClient = new RelayClient(caller, new RelayClientOptions(), TimeProvider.System);
        var won = new TaskCompletionSource<RelayPlace>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.PlaceChanged += (_, e) => won.TrySetResult(e.Place);
        called.Peers.AddAddresses(relay.Id, relay.Address);
        Assert.True(client.Keep(relay.Id));
        var place = await won.Task.WaitAsync(Bound);
        Assert.Equal(128 * 1024, place.Limit?.Data);

        var connection = await caller.ConnectAsync(place.Addresses[0].WithPeerId(called.Id), None).WaitAsync(Bound);
        await using var stream = await connection.NewStreamAsync(InteropHost.Count, StreamClass.Control, None);
        var fault = await Record.ExceptionAsync(async () =>
        {
            await stream.WriteAsync(new byte[Size]).AsTask().WaitAsync(Bound);
            await stream.CloseWriteAsync();
            await stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Bound);
        });

        Assert.True(fault is P2PException or EndOfStreamException, $"the circuit carried more than it may, or stands still: {fault}");
        await connection.Closed.WaitAsync(Bound);
        Assert.False(caller.ConnectionsWith(relay.Id)[0].Closed.IsCompleted, "the relay itself was lost");
    }
}
