using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Tests.Relay;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.HolePunching;

public sealed class HolePuncherTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly HolePunchOptions Quick = new() { DialTimeout = TimeSpan.FromMilliseconds(300), AddressTimeout = TimeSpan.FromSeconds(20), Grace = TimeSpan.FromMilliseconds(50), MessageTimeout = TimeSpan.FromSeconds(20) };

    [Fact]
    public async Task Meeting_ThroughARelay_BecomesDirectAndTheRelayedConnectionGoes()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System, new RelayServerOptions());
        var doors = new MemoryPunch.Doors(open: true);

        // Both calls are under way until they cross: no time-out is needed.
        var patient = Quick with { DialTimeout = TimeSpan.FromSeconds(20) };
        await using var called = new HolePuncher(fixture.Called, new MemoryPunch(doors, "called"), patient, TimeProvider.System);
        await using var caller = new HolePuncher(fixture.Caller, new MemoryPunch(doors, "caller"), patient, TimeProvider.System);

        // A stream of activations waits for the direct way: the relay allows none.
        Assert.Equal([7], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [7], StreamClass.Decode));

        await Waiting.Until(() => called.Outcomes.Count == 1 && caller.Outcomes.Count == 1, "both outcomes");
        Assert.Equal(HolePunchResult.Punched, called.Outcomes[0].Result);
        Assert.Equal(1, called.Outcomes[0].Tries);
        Assert.Contains(fixture.Caller.ConnectionsWith(fixture.Called.Id), connection => !connection.IsRelayed && connection.IsOutbound);
        Assert.Contains(fixture.Called.ConnectionsWith(fixture.Caller.Id), connection => !connection.IsRelayed && !connection.IsOutbound);
        await Waiting.Until(() => fixture.Server.CircuitCount == 0, "the relayed connection's end");
        Assert.Equal([8], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [8]));
    }

    [Fact]
    public async Task Meeting_WhereNoCallGetsThrough_StaysOnTheRelayAndSaysSo()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var doors = new MemoryPunch.Doors(open: false);
        var transport = new MemoryPunch(doors, "called");
        await using var called = new HolePuncher(fixture.Called, transport, Quick, TimeProvider.System);
        await using var caller = new HolePuncher(fixture.Caller, new MemoryPunch(doors, "caller"), Quick, TimeProvider.System);
        var told = new TaskCompletionSource<HolePunchOutcome>();
        called.Ended += (_, e) => told.TrySetResult(e.Outcome);

        Assert.Equal([7], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [7]));

        var outcome = await told.Task.Within("the outcome");
        Assert.Equal((HolePunchResult.StayedOnRelay, 3), (outcome.Result, outcome.Tries));
        Assert.Contains("router", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(3, transport.Calls);
        await Waiting.Until(() => caller.Outcomes.Count == 1, "the caller's outcome");
        Assert.Equal(HolePunchResult.StayedOnRelay, caller.Outcomes[0].Result);
        Assert.NotEmpty(caller.Outcomes[0].Reason);
        Assert.Equal([8], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [8], StreamClass.Decode));
        Assert.All(fixture.Caller.ConnectionsWith(fixture.Called.Id), connection => Assert.True(connection.IsRelayed));
    }

    [Fact]
    public async Task Meeting_WithAPeerThatDoesNotPunch_StaysOnTheRelayAtOnce()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var transport = new MemoryPunch(new MemoryPunch.Doors(open: true), "called");
        await using var called = new HolePuncher(fixture.Called, transport, Quick, TimeProvider.System);

        await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");

        await Waiting.Until(() => called.Outcomes.Count == 1, "the outcome");
        Assert.Equal((HolePunchResult.StayedOnRelay, 0), (called.Outcomes[0].Result, called.Outcomes[0].Tries));
        Assert.Equal(0, transport.Calls);
    }

    [Fact]
    public async Task Stream_OverADirectConnection_IsRefused()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var transport = new MemoryPunch(new MemoryPunch.Doors(open: true), "called");
        await using var called = new HolePuncher(fixture.Called, transport, Quick, TimeProvider.System);
        var direct = fixture.Relay.ConnectionsWith(fixture.Called.Id)[0];
        await using var stream = await direct.NewStreamAsync(HolePuncher.Id, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new HolePunchMessage(HolePunchMessageType.Connect, [Multiaddr.Parse("/memory/victim")]).Write(), None);

        await Assert.ThrowsAsync<P2PException>(async () => await stream.ReadExactlyAsync(new byte[1]).Within("the reset"));

        Assert.Equal(0, transport.Calls);
    }

    [Fact]
    public async Task Search_ThatJustFailed_IsNotRepeatedAtOnce()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var transport = new MemoryPunch(new MemoryPunch.Doors(open: false), "called");
        await using var called = new HolePuncher(fixture.Called, transport, Quick, TimeProvider.System);
        await using var caller = new HolePuncher(fixture.Caller, new MemoryPunch(new MemoryPunch.Doors(open: false), "caller"), Quick, TimeProvider.System);
        var first = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        await Waiting.Until(() => called.Outcomes.Count == 1 && caller.Outcomes.Count == 1, "both outcomes");
        Assert.Equal(3, transport.Calls);

        await first.CloseAsync();
        await Waiting.Until(() => fixture.Called.ConnectionsWith(fixture.Caller.Id).Count == 0, "the end of the first connection");
        Assert.Equal([7], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [7]));

        // A stream of activations would wait for a search, if there were one.
        Assert.Equal([8], await HostFixture.EchoAsync(fixture.Caller, fixture.Called.Id, [8], StreamClass.Decode));
        Assert.Equal(3, transport.Calls);
    }

    [Fact]
    public async Task Leader_WhoNamesManyHomes_HasOneCalledAndNotForEver()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var transport = new MemoryPunch(new MemoryPunch.Doors(open: false), "caller");
        await using var caller = new HolePuncher(fixture.Caller, transport, Quick, TimeProvider.System);
        var circuit = await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        await Waiting.Until(() => fixture.Called.ConnectionsWith(fixture.Caller.Id).Any(connection => connection.IsRelayed), "the circuit at its other end");
        var leading = fixture.Called.ConnectionsWith(fixture.Caller.Id).Single(connection => connection.IsRelayed);

        for (var round = 0; round < Quick.MaxTries; round++)
        {
            await LeadAsync(leading, "/memory/victim-1", "/memory/victim-2", "/memory/victim-3", "/memory/victim-4");
        }

        await Assert.ThrowsAnyAsync<Exception>(() => LeadAsync(leading, "/memory/victim-1").Within("the refusal"));
        Assert.Equal(Quick.MaxTries, transport.Calls);
        Assert.False(circuit.Closed.IsCompleted);
    }

    [Fact]
    public async Task Calls_Altogether_AreLimited()
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        var transport = new MemoryPunch(new MemoryPunch.Doors(open: false), "caller");
        var time = new FakeTimeProvider();
        await using var caller = new HolePuncher(fixture.Caller, transport, Quick with { CallsPerSecond = 1 }, time);
        await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");
        await Waiting.Until(() => fixture.Called.ConnectionsWith(fixture.Caller.Id).Any(connection => connection.IsRelayed), "the circuit at its other end");
        var leading = fixture.Called.ConnectionsWith(fixture.Caller.Id).Single(connection => connection.IsRelayed);

        // Two at the start, and one a second later.
        for (var calls = 1; calls <= 2; calls++)
        {
            var round = LeadAsync(leading, "/memory/victim");
            await Waiting.Until(() => transport.Calls == calls, "the call");
            time.Advance(Quick.DialTimeout);
            await round.Within("the end of the round");
        }

        await LeadAsync(leading, "/memory/victim").Within("the round without a call");
        Assert.Equal(2, transport.Calls);
    }

    private static async Task LeadAsync(P2PConnection connection, params string[] addresses)
    {
        await using var stream = await connection.NewStreamAsync(HolePuncher.Id, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new HolePunchMessage(HolePunchMessageType.Connect, [.. addresses.Select(Multiaddr.Parse)]).Write(), None);
        Assert.NotNull(await DelimitedMessages.ReadAsync(stream, HolePunchMessage.MaxEncoded, None));
        await DelimitedMessages.WriteAsync(stream, new HolePunchMessage(HolePunchMessageType.Sync, []).Write(), None);
        await stream.CloseWriteAsync();

        // The follower ends the stream when its calls have ended.
        Assert.Null(await DelimitedMessages.ReadAsync(stream, HolePunchMessage.MaxEncoded, None));
    }

    [Fact]
    public async Task Punch_OverTcpOnLoopback_MakesADirectConnectionOfTheRightRoles()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows would let anybody steal a port that may be used twice.");
        }

        await using var relay = await HostFixture.StartTcpAsync();
        await using var server = new RelayServer(relay, new RelayServerOptions { TellPrivateAddresses = true }, TimeProvider.System);
        await using var one = await TcpPeer.StartAsync(relay);
        await using var two = await TcpPeer.StartAsync(relay);
        Assert.True(two.Relay.Keep(relay.Id));
        await Waiting.Until(() => two.Host.Addresses.Any(address => address.IsRelayed), "the reservation");
        await one.Host.ConnectAsync(relay.Id, None);
        one.Host.Peers.AddAddresses(two.Host.Id, two.Host.Addresses.Where(address => address.IsRelayed));

        Assert.Equal([7], await HostFixture.EchoAsync(one.Host, two.Host.Id, [7], StreamClass.Decode));

        var direct = one.Host.ConnectionsWith(two.Host.Id).Single(connection => !connection.IsRelayed);
        Assert.True(direct.IsOutbound);
        Assert.Equal(two.Host.Addresses.First(address => !address.IsRelayed), direct.Remote);
    }

    [Fact]
    public async Task Punch_ToPrivateAddresses_IsRefusedUnlessAllowed()
    {
        await using var relay = await HostFixture.StartTcpAsync();
        await using var server = new RelayServer(relay, new RelayServerOptions { TellPrivateAddresses = true, ClassOf = _ => RelayClass.Swarm }, TimeProvider.System);
        var strict = new HolePunchOptions { AddressTimeout = TimeSpan.FromMilliseconds(100), MessageTimeout = TimeSpan.FromSeconds(2) };
        await using var one = await TcpPeer.StartAsync(relay, strict);
        await using var two = await TcpPeer.StartAsync(relay, strict);
        Assert.True(two.Relay.Keep(relay.Id));
        await Waiting.Until(() => two.Host.Addresses.Any(address => address.IsRelayed), "the reservation");
        one.Host.Peers.AddAddresses(two.Host.Id, two.Host.Addresses.Where(address => address.IsRelayed));

        await one.Host.ConnectAsync(two.Host.Id, None).Within("the circuit");

        await Waiting.Until(() => two.Puncher.Outcomes.Count == 1, "the outcome");
        Assert.Equal(HolePunchResult.StayedOnRelay, two.Puncher.Outcomes[0].Result);
        Assert.All(one.Host.ConnectionsWith(two.Host.Id), connection => Assert.True(connection.IsRelayed));
    }

    [Fact]
    public void Messages_AsBytes_AreThoseOfTheSpecification()
    {
        Assert.Equal("0864" + "1208" + "047f000001060fa1", Convert.ToHexStringLower(new HolePunchMessage(HolePunchMessageType.Connect, [Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001")]).Write().Written));
        Assert.Equal("08ac02", Convert.ToHexStringLower(new HolePunchMessage(HolePunchMessageType.Sync, []).Write().Written));
        Assert.True(HolePunchMessage.TryRead(Convert.FromHexString("0864" + "1208" + "047f000001060fa1" + "1203999901"), out var read));
        Assert.Equal("/ip4/127.0.0.1/tcp/4001", Assert.Single(read.Addresses).ToString());
    }

    [Theory]
    [InlineData("")] // no type
    [InlineData("0865")] // a type that nobody has named
    [InlineData("08641208047f")] // cut
    public void Message_Malformed_IsRefused(string hex) => Assert.False(HolePunchMessage.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Message_TooLongOrTooManyAddresses_IsRefused()
    {
        Assert.False(HolePunchMessage.TryRead(new byte[HolePunchMessage.MaxEncoded + 1], out _));
        Assert.False(HolePunchMessage.TryRead([0x08, 0x64, .. Enumerable.Repeat(new byte[] { 0x12, 0x01, 0x04 }, HolePunchMessage.MaxAddresses + 1).SelectMany(bytes => bytes)], out _));
    }

    [Fact]
    public void Message_AnyBytes_NeverThrows() => Gen.Byte.Array[0, 200].Sample(bytes => { _ = HolePunchMessage.TryRead(bytes, out _); });

    private sealed class TcpPeer : IAsyncDisposable
    {
        public required P2PHost Host { get; init; }

        public required RelayClient Relay { get; init; }

        public required HolePuncher Puncher { get; init; }

        public static async Task<TcpPeer> StartAsync(P2PHost relay, HolePunchOptions? options = null)
        {
            var transport = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
            var host = new P2PHost(new P2PHostOptions { Key = PeerKey.Generate(), Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] }, [transport], TimeProvider.System);
            host.Handle(HostFixture.EchoProtocol, StreamClass.Control, (stream, token) => stream.CopyToAsync(stream, token));
            await host.StartAsync(None);
            host.Peers.AddAddresses(relay.Id, relay.Addresses);
            return new TcpPeer
            {
                Host = host,
                Relay = new RelayClient(host, new RelayClientOptions(), TimeProvider.System),
                Puncher = new HolePuncher(host, transport, options ?? new HolePunchOptions { AllowPrivateAddresses = true, AddressTimeout = TimeSpan.FromSeconds(20), DialTimeout = TimeSpan.FromSeconds(15) }, TimeProvider.System),
            };
        }

        public async ValueTask DisposeAsync()
        {
            await Puncher.DisposeAsync();
            await Relay.DisposeAsync();
            await Host.DisposeAsync();
        }
    }
}
