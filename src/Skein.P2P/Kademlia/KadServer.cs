using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Kademlia;

/// <summary>Answers the DHT's requests from what this node knows and keeps. Thread-safe.</summary>
internal sealed class KadServer(KademliaOptions options, KadTable table, PeerStore peers, TimeProvider time)
{
    /// <summary>Streams that one connection may hold: a lookup uses one a request, and a few run side by side.</summary>
    public const int MaxStreams = 32;

    // A request holds one key and one value at the most, and the sender's addresses.
    private const int MaxRequest = 256 * 1024;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly KadRecordStore _records = new(options.Validators, options.Store);
    private readonly KadProviderStore _providers = new(options.Store);

    /// <summary>Values kept; guarded by <see cref="Gate"/>.</summary>
    public KadRecordStore Records => _records;

    /// <summary>Providers kept; guarded by <see cref="Gate"/>.</summary>
    public KadProviderStore Providers => _providers;

    /// <summary>Guards the stores.</summary>
    public Lock Gate => _gate;

    /// <summary>Serves one stream: several requests may follow each other.</summary>
    public async Task ServeAsync(P2PStream stream, CancellationToken cancellationToken)
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

            if (Answer(request, stream.Peer, stream.Connection.RemoteIp is not { } ip || !IpScope.IsPublic(ip)) is { } answer)
            {
                await DelimitedMessages.WriteAsync(stream, answer.Write(), bound.Token);
            }
        }
    }

    /// <summary>Answers one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="sender">Who asks: proven.</param>
    /// <param name="isNear">Whether the sender is on this machine or this network, so that addresses which mean something only there are of use to it.</param>
    /// <returns>Null for a request that has no answer.</returns>
    /// <exception cref="P2PException">The request breaks the rules.</exception>
    public KadMessage? Answer(KadMessage request, PeerId sender, bool isNear)
    {
        var now = time.GetUtcNow();
        switch (request.Type)
        {
            case KadMessageType.PutValue:
                Put(request, sender, now);
                return request with { Record = new KadRecord(request.Key, request.Record!.Value, string.Empty) };
            case KadMessageType.GetValue:
                RequireKey(request, sender);
                KadRecord? record;
                lock (_gate)
                {
                    record = _records.Get(request.Key.Span, now);
                }

                return new KadMessage { Type = request.Type, Key = request.Key, Record = record, CloserPeers = Closer(request.Key.Span, sender, isNear) };
            case KadMessageType.AddProvider:
                RequireKey(request, sender);
                // Only for itself; a sender that names others is not believed.
                foreach (var provider in request.ProviderPeers.Where(provider => provider.Id == sender).Take(1))
                {
                    lock (_gate)
                    {
                        _providers.Add(request.Key.Span, sender, provider.Addresses, now);
                    }
                }

                return null;
            case KadMessageType.GetProviders:
                RequireKey(request, sender);
                IReadOnlyList<KadPeer> providers;
                lock (_gate)
                {
                    providers = _providers.Get(request.Key.Span, KadLimits.MaxPeers, now);
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
                return new KadMessage { Type = request.Type, Key = request.Key, CloserPeers = Closer(request.Key.Span, sender, isNear) };
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

    private IReadOnlyList<KadPeer> Closer(ReadOnlySpan<byte> key, PeerId sender, bool isNear)
    {
        var nearest = table.Nearest(KadKey.Of(key), options.Lookup.Results + 1);
        return [.. nearest.Where(entry => entry.Id != sender).Take(options.Lookup.Results).Select(entry => Tell(entry.Id, [], isNear)).Where(peer => peer.Addresses.Count > 0)];
    }

    private KadPeer Tell(PeerId id, IReadOnlyList<Multiaddr> addresses, bool isNear)
        => new(id, [.. addresses.Concat(peers.Find(id)?.Addresses ?? []).Distinct().Where(address => isNear || IpScope.IsPublic(address)).Take(KadLimits.MaxAddresses)]);
}
