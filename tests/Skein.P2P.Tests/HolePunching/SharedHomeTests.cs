using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.HolePunching;
using Skein.P2P.Tests.Relay;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.HolePunching;

/// <summary>Two peers behind one router, which lets no call out and in again.</summary>
public sealed class SharedHomeTests
{
    private const string InTheHome = "/ip4/192.168.1.3/tcp/4001";

    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("/ip4/8.8.8.8/tcp/4002", true)] // as the relay sees the called peer, too
    [InlineData("/ip4/8.8.4.4/tcp/4002", false)]
    public async Task Meeting_ThroughARelay_FindsTheWayWithinTheHomeThatBothAreIn(string callerSeenAs, bool isFound)
    {
        await using var fixture = await RelayFixture.CreateAsync(TimeProvider.System);
        fixture.Caller.Announce([Multiaddr.Parse(InTheHome)]);
        var lan = new Lan(fixture.Caller);
        fixture.Called.AddTransport(lan);
        var patience = new HolePunchOptions { DialTimeout = TimeSpan.FromMilliseconds(500), AddressTimeout = TimeSpan.FromSeconds(20), MessageTimeout = TimeSpan.FromSeconds(20), ReversalTimeout = TimeSpan.FromSeconds(20), MaxTries = 1 };
        await SeeAsync(fixture, fixture.Called, "/ip4/8.8.8.8/tcp/4001");
        await SeeAsync(fixture, fixture.Caller, callerSeenAs);
        await using var called = new HolePuncher(fixture.Called, new ClosedRouter(), patience, TimeProvider.System);
        await using var caller = new HolePuncher(fixture.Caller, new ClosedRouter(), patience, TimeProvider.System);

        await fixture.Caller.ConnectAsync(fixture.Called.Id, None).Within("the circuit");

        await Waiting.Until(() => called.Outcomes.Count == 1, "the outcome");
        Assert.Equal(isFound, called.Outcomes[0].Result != HolePunchResult.StayedOnRelay);
        Assert.Equal(isFound, fixture.Called.ConnectionsWith(fixture.Caller.Id).Any(connection => connection.Remote.ToString() == InTheHome));
        Assert.Equal(isFound ? 1 : 0, lan.Dials);
    }

    // What the relay would say of a peer behind the router.
    private static async Task SeeAsync(RelayFixture fixture, P2PHost host, string seenAs)
    {
        var connection = await host.ConnectAsync(fixture.Relay.Id, None).Within("the relay");
        await Waiting.Until(() => host.Peers.Find(fixture.Relay.Id)?.Protocols is not null && connection.ObservedAddress is not null, "the relay's word");
        connection.ObservedAddress = Multiaddr.Parse(seenAs);
    }

    private sealed class Lan(P2PHost there) : ITransport
    {
        private int _dials;

        public int Dials => Volatile.Read(ref _dials);

        public bool CanDial(Multiaddr address) => address.IsPlainTcp;

        public bool CanListen(Multiaddr address) => false;

        public Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _dials);
            if (address.ToString() != InTheHome)
            {
                throw new P2PException(P2PError.DialFailed, $"{address} is not in this home.");
            }

            var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
            var caller = IPAddress.Parse("192.168.1.2");
            _ = there.AdoptAsync(new RawConnection(far, Multiaddr.FromTcp(new IPEndPoint(caller, 1)), caller), outbound: false, null, CancellationToken.None);
            return Task.FromResult(new RawConnection(near, address, address.TcpEndPoint!.Address));
        }

        public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class ClosedRouter : IPunchTransport
    {
        public bool CanPunch(Multiaddr address) => address.IsPlainTcp;

        public async Task<RawConnection> PunchAsync(Multiaddr address, bool takeInbound, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            throw new InvalidOperationException();
        }
    }
}
