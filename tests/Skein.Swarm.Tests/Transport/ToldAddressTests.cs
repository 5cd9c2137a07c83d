using System.Collections.Concurrent;
using System.Net;
using Skein.Core.Identity;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Memory;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Transport;

/// <summary>What a coordinator can make a node dial by naming the next hop.</summary>
public sealed class ToldAddressTests
{
    private const string AtHome = "/ip4/192.168.1.1/tcp/80";
    private const string Public = "/ip4/9.9.9.9/tcp/7410";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("8.8.8.8", false)]
    [InlineData("192.168.1.9", true)]
    public async Task Open_NextHopAtPrivateAddresses_IsDialledOnlyForACoordinatorNearby(string coordinator, bool dialsAtHome)
    {
        await using var meeting = await Meeting.StartAsync(IPAddress.Parse(coordinator));
        var span = new BlockSpan(0, FakeModel.BlockCount / 2);
        await using var service = new StageService(new StageServiceOptions(), [new HostedStage(FakeModel.Digest, new FakeStage(span))], meeting.Node);
        await using var session = await RawPeer.SessionAsync(meeting.Coordinator, new PeerAddress(meeting.NodeHost.Id.ToString(), []));
        using var next = PeerKey.Generate();

        await session.Connection.SendAsync(new OpenMessage(SessionId.Create(), 0, FakeModel.Digest, span, new PeerAddress(next.PeerId.ToString(), [AtHome, Public]), default, RowFormat.Float32, 10, default));

        Assert.Equal(SwarmError.NextHopUnreachable, (await session.NextAsync<RefusedMessage>()).Reason);
        Assert.Contains(Public, meeting.Dialled.Keys);
        Assert.Equal(dialsAtHome, meeting.Dialled.ContainsKey(AtHome));
    }

    [Fact]
    public async Task Connect_ToldManyFalseAddresses_KeepsTheTrueOneFirst()
    {
        await using var meeting = await Meeting.StartAsync(IPAddress.Parse("8.8.8.8"));
        using var next = PeerKey.Generate();
        meeting.NodeHost.Peers.AddAddresses(next.PeerId, Multiaddr.Parse(Public));

        for (var i = 0; i < 5; i++)
        {
            var told = new PeerAddress(next.PeerId.ToString(), [.. Enumerable.Range(1, 8).Select(port => $"/ip4/8.8.4.{i}/tcp/{port}")]).ToldBy(meeting.CoordinatorId);
            await Assert.ThrowsAsync<SwarmException>(async () => await meeting.Node.ConnectAsync(told, RingProtocols.Session, TrafficClass.Control, CancellationToken.None).AsTask().WaitAsync(Bound));
        }

        Assert.Equal(Public, meeting.NodeHost.Peers.Find(next.PeerId)?.Addresses[0].ToString());
    }

    // A node and a coordinator that came from an address; the node reaches nobody else.
    private sealed class Meeting : IAsyncDisposable
    {
        private readonly P2PHost _coordinatorHost;

        private Meeting(Unreachable transport, P2PHost node, P2PHost coordinator)
        {
            Dialled = transport.Dialled;
            NodeHost = node;
            Node = new P2PRingTransport(node);
            _coordinatorHost = coordinator;
            Coordinator = new P2PRingTransport(coordinator);
        }

        public ConcurrentDictionary<string, byte> Dialled { get; }

        public P2PHost NodeHost { get; }

        public P2PRingTransport Node { get; }

        public P2PRingTransport Coordinator { get; }

        public string CoordinatorId => _coordinatorHost.Id.ToString();

        public static async Task<Meeting> StartAsync(IPAddress from)
        {
            var transport = new Unreachable();
            var meeting = new Meeting(transport, New(transport), New(transport));
            await meeting.NodeHost.StartAsync(CancellationToken.None);
            await meeting._coordinatorHost.StartAsync(CancellationToken.None);
            var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
            var accepted = meeting.NodeHost.AdoptAsync(new RawConnection(far, Multiaddr.FromTcp(new IPEndPoint(from, 1)), from), outbound: false, null, CancellationToken.None);
            await meeting._coordinatorHost.AdoptAsync(new RawConnection(near, Multiaddr.Parse("/memory/node"), null), outbound: true, meeting.NodeHost.Id, CancellationToken.None).WaitAsync(Bound);
            await accepted.WaitAsync(Bound);
            return meeting;
        }

        public async ValueTask DisposeAsync()
        {
            await Coordinator.DisposeAsync();
            await Node.DisposeAsync();
        }

        private static P2PHost New(ITransport transport) => new(new P2PHostOptions { Key = PeerKey.Generate() }, [transport], TimeProvider.System);
    }

    private sealed class Unreachable : ITransport
    {
        public ConcurrentDictionary<string, byte> Dialled { get; } = new();

        public bool CanDial(Multiaddr address) => true;

        public bool CanListen(Multiaddr address) => false;

        public Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
        {
            Dialled[address.ToString()] = 0;
            throw new P2PException(P2PError.DialFailed, $"{address} is not reached from here.");
        }

        public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
