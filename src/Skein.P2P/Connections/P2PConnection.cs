using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Negotiation;
using Skein.P2P.Relay;
using Skein.P2P.Transports;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>A secured connection with a peer whose identity is proven. Thread-safe.</summary>
public sealed class P2PConnection
{
    private readonly Dictionary<string, int> _inboundByProtocol = new(StringComparer.Ordinal);
    private long _lastUsed;
    private volatile bool _carriesBulk;
    private volatile bool _carriesDecode;

    internal P2PConnection(YamuxConnection muxer, PublicKey remoteKey, RawConnection raw, bool isOutbound, TimeSpan negotiationTimeout, TimeProvider time)
    {
        Muxer = muxer;
        RemoteKey = remoteKey;
        Remote = raw.Remote;
        RemoteIp = raw.RemoteIp;
        Limit = raw.Limit is { IsUnlimited: false } ? raw.Limit : null;
        IsOutbound = isOutbound;
        NegotiationTimeout = negotiationTimeout;
        Time = time;
        _lastUsed = time.GetTimestamp();
    }

    /// <summary>The peer.</summary>
    public PeerId Peer => RemoteKey.PeerId;

    /// <summary>The peer's key.</summary>
    public PublicKey RemoteKey { get; }

    /// <summary>The other end as the network shows it.</summary>
    public Multiaddr Remote { get; }

    /// <summary>Its IP address; null through a relay and in memory.</summary>
    public IPAddress? RemoteIp { get; }

    /// <summary>Whether it was dialled here.</summary>
    public bool IsOutbound { get; }

    /// <summary>Whether a relay carries it.</summary>
    public bool IsRelayed => Remote.IsRelayed;

    /// <summary>What the relay lets it carry before it cuts it; null without a bound. A limited connection carries control streams only.</summary>
    public RelayLimit? Limit { get; }

    /// <summary>Whether bulk streams run over it, or ran: urgent ones then take another connection, if there is one.</summary>
    public bool CarriesBulk => _carriesBulk;

    /// <summary>Whether urgent streams run over it, or ran.</summary>
    public bool CarriesDecode => _carriesDecode;

    /// <summary>Where the peer says that it sees us; null before it did. Hearsay: believe it when several peers of different networks agree.</summary>
    public Multiaddr? ObservedAddress { get; internal set; }

    /// <summary>Round trip of the last ping; zero if not known yet.</summary>
    public TimeSpan RoundTrip => Muxer.RoundTrip;

    /// <summary>Streams open now.</summary>
    public int StreamCount => Muxer.StreamCount;

    /// <summary>Ends with the connection; the reason, or null if it was closed in order.</summary>
    public Task<P2PException?> Closed => Muxer.Closed;

    internal YamuxConnection Muxer { get; }

    internal TimeProvider Time { get; }

    // How long the peer may take to agree on a stream's protocol.
    internal TimeSpan NegotiationTimeout { get; }

    internal TimeSpan IdleFor => StreamCount > 0 ? TimeSpan.Zero : Time.GetElapsedTime(Interlocked.Read(ref _lastUsed));

    /// <summary>Opens a stream on this very connection. Costs no round trip: see <see cref="P2PStream"/>.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.ConnectionClosed"/> or <see cref="P2PError.LimitReached"/>.</exception>
    public async ValueTask<P2PStream> NewStreamAsync(string protocol, StreamClass streamClass, CancellationToken cancellationToken)
    {
        var stream = await Muxer.OpenStreamAsync(streamClass, cancellationToken);
        Mark(streamClass);
        return new P2PStream(this, stream, protocol, optimistic: true, _ => Touch());
    }

    /// <summary>Opens a stream of the first protocol that the peer speaks. Costs a round trip for each proposal.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolNotSupported"/>, <see cref="P2PError.ConnectionClosed"/>, <see cref="P2PError.LimitReached"/>.</exception>
    public async ValueTask<P2PStream> NewStreamAsync(IReadOnlyList<string> protocols, StreamClass streamClass, CancellationToken cancellationToken)
    {
        var stream = await Muxer.OpenStreamAsync(streamClass, cancellationToken);
        try
        {
            Mark(streamClass);
            return new P2PStream(this, stream, await MultistreamSelect.ProposeAsync(stream, protocols, cancellationToken), optimistic: false, _ => Touch());
        }
        catch
        {
            stream.Reset();
            throw;
        }
    }

    /// <summary>Closes the connection; open streams fail.</summary>
    public ValueTask CloseAsync() => Muxer.DisposeAsync();

    internal void Mark(StreamClass streamClass)
    {
        _carriesBulk |= streamClass == StreamClass.Bulk;
        _carriesDecode |= streamClass == StreamClass.Decode;
        Touch();
    }

    internal void Touch() => Interlocked.Exchange(ref _lastUsed, Time.GetTimestamp());

    // Whether the peer may hold one more stream of the protocol.
    internal bool TryTakePlace(string protocol, int max)
    {
        lock (_inboundByProtocol)
        {
            var count = _inboundByProtocol.GetValueOrDefault(protocol);
            if (count >= max)
            {
                return false;
            }

            _inboundByProtocol[protocol] = count + 1;
            return true;
        }
    }

    internal void GiveBackPlace(string protocol)
    {
        lock (_inboundByProtocol)
        {
            if (--_inboundByProtocol[protocol] == 0)
            {
                _inboundByProtocol.Remove(protocol);
            }
        }

        Touch();
    }
}
