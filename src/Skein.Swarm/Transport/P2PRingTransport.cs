using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Yamux;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Transport;

/// <summary>The ring over libp2p: peers are who they say they are, and what passes between them is encrypted. Thread-safe.</summary>
/// <remarks>
/// A peer's id is its libp2p peer id; its addresses are multiaddrs. What a stream carries follows from its protocol (a class does not travel in libp2p), so
/// prompts take a connection of their own beside the one that carries decode frames.
/// </remarks>
public sealed class P2PRingTransport : IRingTransport
{
    // Streams of one protocol on one connection: a coordinator has one session stream, a neighbour two frame links a chain.
    private const int MaxStreamsPerConnection = 256;

    private readonly P2PHost _host;
    private readonly bool _ownsHost;

    /// <summary>Takes a host, started or not.</summary>
    /// <param name="host">The host.</param>
    /// <param name="ownsHost">Whether the transport disposes it: not if it belongs to a <see cref="Skein.P2P.Network.NetworkNode"/>.</param>
    public P2PRingTransport(P2PHost host, bool ownsHost = true)
    {
        _host = host;
        _ownsHost = ownsHost;
    }

    /// <summary>How others reach this peer: its id, and where it listens.</summary>
    public PeerAddress Address => new(_host.Id.ToString(), [.. _host.Addresses.Take(8).Select(address => address.ToString())]);

    /// <summary>Reads <c>/ip4/192.0.2.7/tcp/7410/p2p/12D3Koo...</c>.</summary>
    /// <returns>False if the text is no multiaddr, or names no peer.</returns>
    public static bool TryParse(string text, out PeerAddress peer)
    {
        peer = null!;
        if (!Multiaddr.TryParse(text, out var address) || address.PeerId is not { } id)
        {
            return false;
        }

        peer = new PeerAddress(id.ToString(), [text]).GivenByOperator();
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(PeerAddress peer, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken)
    {
        if (!PeerId.TryParse(peer.Id, out var id))
        {
            throw new SwarmException(SwarmError.ConnectFailed, "A peer of the ring is named by something that is no libp2p peer id; give its multiaddr, /ip4/.../tcp/.../p2p/12D3Koo....");
        }

        // Hints, tried after what the peer itself has said: what cannot be read is skipped, and a dial proves the rest.
        var hints = peer.Addresses.Select(text => Multiaddr.TryParse(text, out var address) ? address : null).OfType<Multiaddr>();
        var isNear = peer.Teller is { } teller && IsNear(teller);
        _host.Peers.AddHints(id, peer.IsGiven || isNear ? AddressScope.Anywhere : AddressScope.Public, peer.Teller is null ? hints : DialHints.Filter(hints, isNear));
        try
        {
            return await _host.NewStreamAsync(id, protocol, ClassOf(trafficClass), cancellationToken);
        }
        catch (P2PException failure)
        {
            throw new SwarmException(ErrorOf(failure.Error), failure.Message, inner: failure);
        }
    }

    /// <inheritdoc/>
    public void Handle(string protocol, RingStreamHandler handler)
    {
        var trafficClass = ClassOf(protocol);
        _host.Handle(protocol, ClassOf(trafficClass), (stream, cancellationToken) => handler(new InboundStream(stream, stream.Peer.ToString(), trafficClass), cancellationToken), MaxStreamsPerConnection);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _ownsHost ? _host.DisposeAsync() : ValueTask.CompletedTask;

    // A teller far away does not send this host to dial its own home; one whose connection has just ended counts as far.
    private bool IsNear(string teller) => PeerId.TryParse(teller, out var id) && _host.ConnectionsWith(id).Any(DialHints.IsNear);

    private static TrafficClass ClassOf(string protocol) => protocol switch
    {
        RingProtocols.Activations => TrafficClass.Decode,
        RingProtocols.Bulk => TrafficClass.Bulk,
        _ => TrafficClass.Control,
    };

    private static StreamClass ClassOf(TrafficClass trafficClass) => trafficClass switch
    {
        TrafficClass.Decode => StreamClass.Decode,
        TrafficClass.Bulk => StreamClass.Bulk,
        _ => StreamClass.Control,
    };

    private static SwarmError ErrorOf(P2PError error) => error switch
    {
        P2PError.ProtocolNotSupported => SwarmError.UnsupportedProtocol,
        P2PError.LimitReached => SwarmError.LimitReached,
        _ => SwarmError.ConnectFailed,
    };
}
