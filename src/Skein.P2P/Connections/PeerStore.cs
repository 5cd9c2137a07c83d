using Skein.P2P.Addressing;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Records;

namespace Skein.P2P.Connections;

/// <summary>What is known of peers, bounded: the peer not heard of for longest is forgotten first, unless it is connected or protected. Thread-safe.</summary>
public sealed class PeerStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, LinkedListNode<KnownPeer>> _peers = [];
    private readonly LinkedList<KnownPeer> _byNews = new();
    private readonly int _maxPeers;
    private readonly int _maxAddresses;
    private readonly Func<PeerId, bool> _isKept;

    /// <param name="limits">Most peers, and addresses of each.</param>
    /// <param name="isKept">Whether a peer is connected or protected. Called under this store's lock.</param>
    internal PeerStore(P2PLimits limits, Func<PeerId, bool>? isKept = null)
    {
        _isKept = isKept ?? (static _ => false);
        _maxPeers = limits.MaxKnownPeers;
        _maxAddresses = limits.MaxAddressesPerPeer;
    }

    /// <summary>Peers known.</summary>
    public IReadOnlyList<KnownPeer> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _byNews];
            }
        }
    }

    /// <summary>What is known of a peer; null if nothing.</summary>
    public KnownPeer? Find(PeerId peer)
    {
        lock (_gate)
        {
            return _peers.TryGetValue(peer, out var node) ? node.Value : null;
        }
    }

    /// <summary>Remembers addresses that the operator gave: first in the list, because newest.</summary>
    public void AddAddresses(PeerId peer, params IEnumerable<Multiaddr> addresses) => Add(peer, AddressScope.Anywhere, first: true, addresses);

    /// <summary>Remembers addresses that a third peer named: last in the list, and not in place of any that is there. Names among them lead to public places only.</summary>
    public void AddHints(PeerId peer, params IEnumerable<Multiaddr> addresses) => Add(peer, AddressScope.Public, first: false, addresses);

    /// <summary>The same with addresses that may lead further.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="scope">Where names among them may lead, by whose word they are.</param>
    /// <param name="addresses">Already filtered by that scope.</param>
    public void AddHints(PeerId peer, AddressScope scope, IEnumerable<Multiaddr> addresses) => Add(peer, scope, first: false, addresses);

    /// <summary>Forgets a peer.</summary>
    public void Remove(PeerId peer)
    {
        lock (_gate)
        {
            if (_peers.Remove(peer, out var node))
            {
                _byNews.Remove(node);
            }
        }
    }

    // An address that led to the peer goes first.
    internal void Confirm(PeerId peer, Multiaddr address, AddressScope scope) => Add(peer, scope, first: true, [address]);

    // Takes what a peer says of itself, and of its addresses those that it has a say about. Addresses that it sealed replace those that it only said.
    internal void Learn(PeerId peer, IdentifyMessage message, AddressScope scope)
    {
        // Outside the lock, and not for a record that is known already: a signature costs more than all the rest.
        var sealedRecord = message.SignedPeerRecord is { } encoded && !IsKnown(peer, encoded.Span) && PeerRecord.TryOpen(encoded.Span, out var opened) && opened.PeerId == peer ? opened : null;
        Update(peer, known =>
        {
            var record = sealedRecord is not null && sealedRecord.Sequence > known.RecordSequence ? sealedRecord : null;
            var addresses = (record?.Addresses ?? message.ListenAddresses ?? []).Where(address => IpScope.Allows(scope, address)).Select(address => Plain(address, peer));
            return known.With([.. addresses], scope, first: true, _maxAddresses) with
            {
                Protocols = message.Protocols ?? known.Protocols,
                ProtocolVersion = message.ProtocolVersion ?? known.ProtocolVersion,
                AgentVersion = message.AgentVersion ?? known.AgentVersion,
                SealedRecord = record is null ? known.SealedRecord : message.SignedPeerRecord,
                RecordSequence = record?.Sequence ?? known.RecordSequence,
            };
        });
    }

    private void Add(PeerId peer, AddressScope scope, bool first, IEnumerable<Multiaddr> addresses)
    {
        List<Multiaddr> plain = [.. addresses.Select(address => Plain(address, peer))];
        Update(peer, known => known.With(plain, scope, first, _maxAddresses));
    }

    private bool IsKnown(PeerId peer, ReadOnlySpan<byte> sealedRecord) => Find(peer)?.SealedRecord is { } known && known.Span.SequenceEqual(sealedRecord);

    // Without the peer id at the end, so that the same place is the same address.
    private static Multiaddr Plain(Multiaddr address, PeerId peer) => address.PeerId == peer ? address.WithoutPeerId() : address;

    private void Update(PeerId peer, Func<KnownPeer, KnownPeer> change)
    {
        lock (_gate)
        {
            var known = new KnownPeer { Id = peer };
            if (_peers.Remove(peer, out var node))
            {
                known = node.Value;
                _byNews.Remove(node);
            }
            else if (_peers.Count >= _maxPeers)
            {
                MakeRoom();
            }

            _peers.Add(peer, _byNews.AddFirst(change(known)));
        }
    }

    // Under the lock. Those that are kept count as heard of; if all are, the oldest goes all the same: the store is bounded.
    private void MakeRoom()
    {
        for (var seen = 1; seen < _peers.Count && _isKept(_byNews.Last!.Value.Id); seen++)
        {
            var kept = _byNews.Last!;
            _byNews.RemoveLast();
            _byNews.AddFirst(kept);
        }

        _peers.Remove(_byNews.Last!.Value.Id);
        _byNews.RemoveLast();
    }
}
