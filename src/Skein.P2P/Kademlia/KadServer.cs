using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Kademlia;

/// <summary>Answers the DHT's requests from what this node knows and keeps. Thread-safe.</summary>
internal sealed class KadServer(P2PHost host, KademliaOptions options, KadTable table, TimeProvider time)
{
    /// <summary>Streams that one connection may hold: a lookup uses one a request, and a few run side by side.</summary>
    public const int MaxStreamsPerConnection = 32;

    // A request holds one key and one value of 64 KiB at the most, and the sender's addresses.
    private const int MaxRequest = 128 * 1024;

    /// <summary>Providers in one answer: with eight addresses each, some 20 KiB.</summary>
    public const int MaxProvidersPerAnswer = 48;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly KadRecordStore _records = new(host.Id, options.Validators, options.Store);
    private readonly KadProviderStore _providers = new(options.Store, Random.Shared);
    private readonly KadRate _rate = new(options.MaxRequestsPerWindow, options.RequestWindow, time);
    private readonly KadStreamPlaces _places = new(options.MaxStreams, options.MaxStreamsPerNeighbourhood);

    /// <summary>Values kept; guarded by <see cref="Gate"/>.</summary>
    public KadRecordStore Records => _records;

    /// <summary>Providers kept; guarded by <see cref="Gate"/>.</summary>
    public KadProviderStore Providers => _providers;

    /// <summary>Guards the stores.</summary>
    public Lock Gate => _gate;

    /// <summary>Whether a key can have providers: a multihash of at most <see cref="KadLimits.MaxProviderKey"/> bytes.</summary>
    public static bool IsProviderKey(ReadOnlySpan<byte> key) => key.Length <= KadLimits.MaxProviderKey && Multihash.TryRead(key, out _, out var digest) && !digest.IsEmpty;

    /// <summary>Serves one stream: several requests may follow each other.</summary>
    public async Task ServeAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var neighbourhood = (stream.Connection.RemoteIp is { } ip ? IpGroup.Of(ip) : null) ?? stream.Peer.ToString();
        if (!_places.TryTake(neighbourhood))
        {
            throw new P2PException(P2PError.LimitReached, $"{options.MaxStreams} streams of the DHT are served already, or {options.MaxStreamsPerNeighbourhood} of the neighbourhood of {stream.Peer}.");
        }

        try
        {
            await ServeRequestsAsync(stream, cancellationToken);
        }
        finally
        {
            _places.Release(neighbourhood);
        }
    }

    private async Task ServeRequestsAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var idle = new CancellationTokenSource(IdleTimeout, time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
            if (await DelimitedMessages.ReadAsync(stream, MaxRequest, bound.Token) is not { } encoded)
            {
                return;
            }

            if (!KadMessage.TryRead(encoded, out var request))
            {
                throw new P2PException(P2PError.Malformed, $"{stream.Peer} sent a DHT request that is none.");
            }

            if (!_rate.TryTake(stream.Peer))
            {
                throw new P2PException(P2PError.LimitReached, $"{stream.Peer} makes more than {options.MaxRequestsPerWindow} DHT requests in {options.RequestWindow.TotalSeconds:0.#} s.");
            }

            if (Answer(request, stream.Connection) is { } answer)
            {
                await DelimitedMessages.WriteAsync(stream, answer.Write(), bound.Token);
            }
        }
    }

    /// <summary>Answers one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="connection">Proves who asks, and from where.</param>
    /// <returns>Null for a request that has no answer.</returns>
    /// <exception cref="P2PException">The request breaks the rules.</exception>
    private KadMessage? Answer(KadMessage request, P2PConnection connection)
    {
        var now = time.GetUtcNow();
        var sender = connection.Peer;
        var isNear = DialHints.IsNear(connection);
        switch (request.Type)
        {
            case KadMessageType.PutValue:
                Put(request, sender, now);
                return new KadMessage { Type = request.Type, Key = request.Key, Record = request.Record };
            case KadMessageType.GetValue:
                RequireKey(request, sender);
                KadRecord? record;
                lock (_gate)
                {
                    record = _records.Get(request.Key.Span, now);
                }

                return new KadMessage { Type = request.Type, Key = request.Key, Record = record, CloserPeers = Closer(request.Key.Span, sender, isNear) };
            case KadMessageType.AddProvider:
                RequireMultihash(request, sender);
                // Only for itself; a sender that names others is not believed.
                foreach (var provider in request.ProviderPeers.Where(provider => provider.Id == sender).Take(1))
                {
                    lock (_gate)
                    {
                        if (!_providers.Add(request.Key.Span, sender, DialHints.Filter(provider.Addresses, isNear), connection.RemoteIp, now))
                        {
                            throw new P2PException(P2PError.LimitReached, $"{sender} provides more than fits.");
                        }
                    }
                }

                return null;
            case KadMessageType.GetProviders:
                RequireMultihash(request, sender);
                IReadOnlyList<KadPeer> providers;
                lock (_gate)
                {
                    providers = _providers.Get(request.Key.Span, MaxProvidersPerAnswer, now);
                }

                return new KadMessage
                {
                    Type = request.Type,
                    Key = request.Key,
                    ProviderPeers = [.. providers.Select(provider => Tell(provider.Id, provider.Addresses, isNear))],
                    CloserPeers = Closer(request.Key.Span, sender, isNear),
                };
            case KadMessageType.FindNode:
                RequireKey(request, sender);
                return new KadMessage { Type = request.Type, Key = request.Key, CloserPeers = [.. Sought(request.Key.Span, sender, isNear), .. Closer(request.Key.Span, sender, isNear)] };
            case KadMessageType.Ping:
                return new KadMessage { Type = request.Type };
            default:
                throw new P2PException(P2PError.ProtocolViolation, $"{sender} sent a DHT request of an unknown kind, {(int)request.Type}.");
        }
    }

    private void Put(KadMessage request, PeerId sender, DateTimeOffset now)
    {
        if (request.Record is not { } record || !record.Key.Span.SequenceEqual(request.Key.Span))
        {
            throw new P2PException(P2PError.ProtocolViolation, $"{sender} wants a value stored under another key than it names.");
        }

        lock (_gate)
        {
            if (!_records.Put(request.Key.Span, record.Value.Span, now))
            {
                throw new P2PException(P2PError.ProtocolViolation, $"{sender} wants a value stored that is not valid, older than what is here, or over the limit.");
            }
        }
    }

    private static void RequireKey(KadMessage request, PeerId sender)
    {
        if (request.Key.IsEmpty)
        {
            throw new P2PException(P2PError.ProtocolViolation, $"{sender} sent a DHT request without a key.");
        }
    }

    private static void RequireMultihash(KadMessage request, PeerId sender)
    {
        if (!IsProviderKey(request.Key.Span))
        {
            throw new P2PException(P2PError.ProtocolViolation, $"{sender} speaks of providers of something that is no multihash.");
        }
    }

    private List<KadPeer> Closer(ReadOnlySpan<byte> key, PeerId sender, bool isNear)
    {
        var sought = PeerId.TryRead(key, out var id) ? id : null;
        var nearest = table.Nearest(KadKey.Of(key), options.Lookup.Results + 2);
        return [.. nearest.Where(entry => entry.Id != sender && entry.Id != sought).Take(options.Lookup.Results).Select(entry => Tell(entry.Id, [], isNear)).Where(peer => peer.Addresses.Count > 0)];
    }

    // The very peer that is looked for, even if it is a client: whoever we are connected with can be found.
    private IEnumerable<KadPeer> Sought(ReadOnlySpan<byte> key, PeerId sender, bool isNear)
        => PeerId.TryRead(key, out var id) && id != sender && Tell(id, [], isNear) is { Addresses.Count: > 0 } peer ? [peer] : [];

    private KadPeer Tell(PeerId id, IReadOnlyList<Multiaddr> addresses, bool isNear)
        => new(id, DialHints.Filter(addresses.Concat(id == host.Id ? host.Addresses : host.Peers.Find(id)?.Addresses ?? []).Distinct(), isNear));
}
