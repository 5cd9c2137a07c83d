using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Relay;

public sealed class RelayTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Dial_ThroughARelay_IsEndToEndAndCarriesEverything()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);

        Assert.Equal(bytes, await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, bytes, StreamClass.Decode));

        var near = Assert.Single(fixture.Caller.ConnectionsWith(fixture.Called.Id));
        var far = Assert.Single(fixture.Called.ConnectionsWith(fixture.Caller.Id));
        Assert.True(near.IsRelayed && near.IsOutbound && far.IsRelayed && !far.IsOutbound);
        Assert.Null(near.Limit);
        Assert.Equal(1, fixture.Server.CircuitCount);
        Assert.Equal(1, fixture.Server.ReservationCount);
        await near.CloseAsync();
        await Waiting.Until(() => fixture.Called.ConnectionsWith(fixture.Caller.Id).Count == 0 && fixture.Server.CircuitCount == 0, "the circuit's end");
        Assert.Null(await far.Closed.Within("the called's end"));
    }

    [Fact]
    public async Task Reservation_Won_IsAnnouncedAndLearntByOthers()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var expected = CircuitAddress.Through(fixture.Relay.Addresses[0], fixture.Relay.Id);

        Assert.Contains(expected, fixture.Called.Addresses);
        await Waiting.Until(() => fixture.Relay.Peers.Find(fixture.Called.Id)?.Addresses.Contains(expected) == true, "the push to the relay");
        Assert.True(ReservationVoucher.TryOpen(fixture.CalledClient.Places[0].Reservation!.Voucher.Span, out var voucher));
        Assert.Equal((fixture.Relay.Id, fixture.Called.Id), (voucher.Relay, voucher.Peer));

        await fixture.CalledClient.ReleaseAsync(fixture.Relay.Id).Within("the release");
        Assert.DoesNotContain(expected, fixture.Called.Addresses);
    }

    [Fact]
    public async Task Reservation_WithLongAddresses_LeavesIdentifyReadable()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var liar = await HostFixture.StartMemoryAsync(network, "liar", TimeProvider.System);
        var usual = Multiaddr.Parse("/ip4/198.51.100.7/tcp/4001");
        Multiaddr[] told = [.. Enumerable.Range(0, 20).Select(i => Multiaddr.Parse($"/dns4/{i}{new string('x', 110)}/tcp/4001")), Multiaddr.Parse($"/dns4/y/tcp/4001{string.Concat(Enumerable.Repeat($"/http-path/{new string('y', 240)}", 4))}"), usual];
        liar.Handle(
            RelayProtocol.HopId,
            StreamClass.Control,
            async (stream, token) =>
            {
                await RelayProtocol.ReadHopAsync(stream, token);
                var answer = new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.Ok, Reservation = new RelayReservation(TimeProvider.System.GetUtcNow().AddHours(1), told, default) };
                await DelimitedMessages.WriteAsync(stream, answer.Write(), token);
            });
        await using var victim = await HostFixture.StartMemoryAsync(network, "victim", TimeProvider.System);
        await using var client = new RelayClient(victim, new RelayClientOptions(), TimeProvider.System);
        await using var other = await HostFixture.StartMemoryAsync(network, "other", TimeProvider.System);
        victim.Peers.AddAddresses(liar.Id, liar.Addresses);

        Assert.True(client.Keep(liar.Id));
        await Waiting.Until(() => client.Places[0].Reservation is not null, "the place");

        Assert.Contains(CircuitAddress.Through(usual, liar.Id), client.Places[0].Addresses);
        Assert.Contains(CircuitAddress.Through(liar.Addresses[0], liar.Id), client.Places[0].Addresses);
        Assert.InRange(client.Places[0].Addresses.Sum(address => address.Bytes.Length), 1, 512);
        await other.ConnectAsync(HostFixture.AddressOf(victim), None).Within("the connection");
        await Waiting.Until(() => other.Peers.Find(victim.Id)?.SealedRecord is not null, "the victim's Identify");
    }

    [Fact]
    public async Task Reservation_LostWithItsConnection_IsWonAgainAfterLongerAndLongerPauses()
    {
        var time = new FakeTimeProvider();
        await using var fixture = await RelayFixture.CreateAsync(time);
        var pauses = new List<TimeSpan>();
        long? lost = null;
        fixture.CalledClient.PlaceChanged += (_, e) =>
        {
            lock (pauses)
            {
                if (e.Place.Reservation is null)
                {
                    lost = time.GetTimestamp();
                }
                else if (lost is { } since)
                {
                    pauses.Add(time.GetElapsedTime(since));
                    lost = null;
                }
            }
        };

        for (var losses = 1; losses <= 3; losses++)
        {
            await Waiting.Until(() => fixture.Relay.ConnectionsWith(fixture.Called.Id).Count == 1, "the connection at the relay");
            await fixture.Relay.ConnectionsWith(fixture.Called.Id)[0].CloseAsync();
            await Waiting.Until(
                () =>
                {
                    time.Advance(TimeSpan.FromMilliseconds(100));
                    lock (pauses)
                    {
                        return pauses.Count == losses;
                    }
                },
                $"the place after loss {losses}");
        }

        Assert.True(pauses[0] >= TimeSpan.FromSeconds(5), $"after {pauses[0]}");
        Assert.True(pauses[1] >= TimeSpan.FromSeconds(10), $"after {pauses[1]}");
        Assert.True(pauses[2] >= TimeSpan.FromSeconds(20), $"after {pauses[2]}");
        Assert.Equal(1, fixture.Server.ReservationCount);
        Assert.Equal([1], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [1]));
    }

    [Fact]
    public async Task Reservation_AfterThreeQuartersOfItsTime_IsRenewed()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000));
        await using var fixture = await RelayFixture.CreateAsync(time);
        var first = fixture.CalledClient.Places[0].Reservation!.Expires;
        Assert.Equal(time.GetUtcNow() + TimeSpan.FromHours(1), first);

        // In steps that pings survive, and never while a request is under way.
        while (fixture.CalledClient.Places[0].Reservation?.Expires == first && time.GetUtcNow() < first)
        {
            await SettleAsync(fixture.Relay, fixture.Called);
            await Waiting.Until(() => fixture.Called.Connections.Concat(fixture.Relay.Connections).All(connection => connection.StreamCount == 0), "the end of a request");
            time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Null(fixture.CalledClient.Places[0].Fault);
        await Waiting.Until(() => fixture.CalledClient.Places[0].Reservation is { } now && now.Expires > first, "the renewal");
        Assert.InRange((time.GetUtcNow() - time.Start).TotalMinutes, 44.9, 50);
        Assert.Equal(1, fixture.Server.ReservationCount);
    }

    [Fact]
    public async Task Dial_PeerWithoutAPlace_SaysSo()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, reserve: false);
        var fault = await Assert.ThrowsAsync<P2PException>(() => fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the refusal"));
        Assert.Equal(P2PError.DialFailed, fault.Error);
        Assert.Contains("no place", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Circuit_OverItsData_IsCutAndTheHostsGoOn()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, new RelayServerOptions { SignalLimit = new RelayLimit(TimeSpan.FromMinutes(2), 20_000) });
        var connection = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        Assert.Equal(20_000, connection.Limit?.Data);

        await Assert.ThrowsAnyAsync<Exception>(() => HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, new byte[100_000]));

        Assert.NotNull(await connection.Closed.Within("the cut"));
        await Waiting.Until(() => fixture.Server.CircuitCount == 0, "the circuit's end");
        Assert.Equal([1], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [1]));
    }

    [Fact]
    public async Task Circuit_OverItsTime_IsCut()
    {
        var time = new FakeTimeProvider();
        await using var fixture = await RelayFixture.CreateAsync(time, new RelayServerOptions { SignalLimit = new RelayLimit(TimeSpan.FromMinutes(2), 0) });
        var connection = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");

        while (!connection.Closed.IsCompleted && time.GetUtcNow() - time.Start < TimeSpan.FromMinutes(4))
        {
            await SettleAsync(fixture.Relay, fixture.Called, fixture.Caller);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        var reason = await connection.Closed.Within("the cut");
        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromMinutes(2), $"cut after {time.GetUtcNow() - time.Start}: {reason}");
    }

    [Fact]
    public async Task LimitedCircuit_ForActivations_IsRefusedWithTheReason()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, new RelayServerOptions());

        var fault = await Assert.ThrowsAsync<P2PException>(async () => await fixture.Caller.NewStreamAsync(fixture.Called.Id, HostFixture.EchoProtocol, StreamClass.Decode, None).Within("the refusal"));

        Assert.Equal(P2PError.LimitReached, fault.Error);
        Assert.Contains("131072 bytes", fault.Message, StringComparison.Ordinal);
        Assert.Equal([1], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [1]));
    }

    [Fact]
    public async Task Rate_OfOnePeer_HoldsItUp()
    {
        var time = new FakeTimeProvider();
        await using var fixture = await RelayFixture.CreateAsync(time, new RelayServerOptions { ClassOf = _ => RelayClass.Swarm, RatePerPeer = 100_000, Burst = 50_000 });
        await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");

        // There and back, 400 kB in all: both peers share the rate of 100 kB/s, so it takes some 3.5 s.
        var echo = HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, new byte[200_000]);
        await Waiting.Until(() => { time.Advance(TimeSpan.FromMilliseconds(2)); return echo.IsCompleted; }, "the echo");

        Assert.Equal(200_000, (await echo).Length);
        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromSeconds(3.2), $"took {(time.GetUtcNow() - time.Start).TotalSeconds} s");
    }

    [Fact]
    public async Task Circuits_OverTheCap_AreRefusedAndPlacesComeBack()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, new RelayServerOptions { MaxCircuitsPerPeer = 1 });
        var first = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        var hop = await fixture.Caller.ConnectionsWith(fixture.Relay.Id)[0].NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);

        Assert.Equal(RelayStatus.ResourceLimitExceeded, (await AskAsync(hop, new HopMessage { Type = HopMessageType.Connect, Peer = fixture.Called.Id })).Status);

        await first.CloseAsync();
        await Waiting.Until(() => fixture.Server.CircuitCount == 0, "the circuit's end");
        await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit after");
    }

    [Fact]
    public async Task Reservations_OverTheCap_AreRefused()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, new RelayServerOptions { MaxReservations = 1 });
        await using var late = await HostFixture.StartMemoryAsync(fixture.Network, "late", TimeProvider.System);
        await using var lateClient = new RelayClient(late, new RelayClientOptions(), TimeProvider.System);
        late.Peers.AddAddresses(fixture.Relay.Id, fixture.Relay.Addresses);

        var fault = await Assert.ThrowsAsync<P2PException>(() => lateClient.ReserveAsync(fixture.Relay.Id, None).Within("the refusal"));

        Assert.Equal(P2PError.LimitReached, fault.Error);
        Assert.Equal(1, fixture.Server.ReservationCount);
    }

    [Fact]
    public async Task Requests_ThroughARelay_AreRefused()
    {
        // The called is a relay too; who comes to it through the first relay gets nothing.
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        await using var second = new RelayServer(fixture.Called, new RelayServerOptions(), TimeProvider.System);
        var connection = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        foreach (var request in new[] { new HopMessage { Type = HopMessageType.Reserve }, new HopMessage { Type = HopMessageType.Connect, Peer = fixture.Relay.Id } })
        {
            var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);
            Assert.Equal(RelayStatus.PermissionDenied, (await AskAsync(stream, request)).Status);
        }

        Assert.Equal(0, second.ReservationCount);
    }

    [Theory]
    [InlineData("0802", RelayStatus.UnexpectedMessage)] // a status as a request
    [InlineData("0801", RelayStatus.MalformedMessage)] // connect without a peer
    [InlineData("ffff", RelayStatus.MalformedMessage)]
    [InlineData("", RelayStatus.MalformedMessage)]
    public async Task Requests_ThatMakeNoSense_AreAnsweredWithAStatus(string hex, RelayStatus expected)
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var connection = await fixture.Caller.ConnectAsync(fixture.Relay.Id, None);
        var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);
        var bytes = Convert.FromHexString(hex);
        await stream.WriteAsync((byte[])[(byte)bytes.Length, .. bytes]);

        Assert.Equal(expected, (await ReadAsync(stream)).Status);
    }

    [Fact]
    public async Task Requests_Oversized_AreRefusedBeforeTheyAreRead()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var connection = await fixture.Caller.ConnectAsync(fixture.Relay.Id, None);
        var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);
        await stream.WriteAsync((byte[])[0xff, 0xff, 0xff, 0x7f]);

        Assert.Equal(RelayStatus.MalformedMessage, (await ReadAsync(stream)).Status);
    }

    [Fact]
    public async Task Circuit_FromARelayThatWasNotAsked_IsRefused()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var connection = await fixture.Caller.ConnectAsync(fixture.Relay.Id, None);
        await fixture.CalledClient.ReleaseAsync(fixture.Relay.Id);
        var toCalled = fixture.Relay.ConnectionsWith(fixture.Called.Id)[0];
        await using var stream = await toCalled.NewStreamAsync(RelayProtocol.StopId, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new StopMessage { Type = StopMessageType.Connect, Peer = fixture.Caller.Id }.Write(), None);

        var answer = await RelayProtocol.ReadStopAsync(stream, None).Within("the answer");

        Assert.Equal(RelayStatus.PermissionDenied, answer?.Status);
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task Circuit_AnnouncedForAnotherPeer_IsClosed()
    {
        // A relay that lies about who calls: the handshake within shows it.
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var connection = fixture.Relay.ConnectionsWith(fixture.Called.Id)[0];
        using var other = PeerKey.Generate();
        var stream = await connection.NewStreamAsync(RelayProtocol.StopId, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new StopMessage { Type = StopMessageType.Connect, Peer = other.PeerId }.Write(), None);
        Assert.Equal(RelayStatus.Ok, (await RelayProtocol.ReadStopAsync(stream, None).Within("the answer"))?.Status);

        await using var liar = await HostFixture.StartMemoryAsync(fixture.Network, "liar", TimeProvider.System);
        var raw = new Skein.P2P.Transports.RawConnection(stream, Multiaddr.Parse("/memory/x"), null);
        var adopted = await liar.AdoptAsync(raw, outbound: true, fixture.Called.Id, None).Within("the handshake");

        await adopted.Closed.Within("the refusal");
        Assert.Empty(fixture.Called.ConnectionsWith(liar.Id));
        Assert.Empty(fixture.Called.ConnectionsWith(other.PeerId));
    }

    [Fact]
    public async Task Server_Disposed_CutsCircuitsAndServesNoMore()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var connection = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");

        await fixture.Server.DisposeAsync();

        await connection.Closed.Within("the cut");
        Assert.Equal(0, fixture.Server.CircuitCount);
        Assert.DoesNotContain(RelayProtocol.HopId, fixture.Relay.Protocols);
    }

    private static async Task<HopMessage> AskAsync(P2PStream stream, HopMessage request)
    {
        await DelimitedMessages.WriteAsync(stream, request.Write(), None);
        return await ReadAsync(stream);
    }

    private static async Task<HopMessage> ReadAsync(P2PStream stream)
        => await RelayProtocol.ReadHopAsync(stream, None).Within("the answer") ?? throw new InvalidDataException("No answer came.");

    private static async Task SettleAsync(params P2PHost[] hosts)
    {
        foreach (var connection in hosts.SelectMany(host => host.Connections))
        {
            try
            {
                await connection.Muxer.PingAsync(None).Within("a ping");
            }
            catch (P2PException)
            {
                // It is closing.
            }
        }
    }
}
