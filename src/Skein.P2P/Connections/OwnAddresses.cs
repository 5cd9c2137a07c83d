using Skein.P2P.Addressing;
using Skein.P2P.Identify;
using Skein.P2P.Records;
using Skein.P2P.Transports;

namespace Skein.P2P.Connections;

/// <summary>Where a host can be reached: what it listens on and what it announces besides, and the same sealed. Thread-safe.</summary>
internal sealed class OwnAddresses(P2PHostOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<ITransportListener> _listeners = [];
    private readonly SortedDictionary<string, IReadOnlyList<Multiaddr>> _announced = new(StringComparer.Ordinal) { [string.Empty] = options.Announce };

    // Grows over restarts too.
    private ulong _sequence = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
    private byte[]? _sealed;

    public IReadOnlyList<Multiaddr> All
    {
        get
        {
            lock (_gate)
            {
                return [.. Everything()];
            }
        }
    }

    public IReadOnlyList<ITransportListener> Listeners
    {
        get
        {
            lock (_gate)
            {
                return [.. _listeners];
            }
        }
    }

    public void Add(ITransportListener listener)
    {
        lock (_gate)
        {
            _listeners.Add(listener);
            _sealed = null;
        }
    }

    /// <summary>Sets what is announced besides, by whoever found it out.</summary>
    /// <returns>Whether that changes anything.</returns>
    public bool TryAnnounce(string source, IReadOnlyList<Multiaddr> addresses)
    {
        lock (_gate)
        {
            if ((_announced.GetValueOrDefault(source) ?? []).SequenceEqual(addresses))
            {
                return false;
            }

            _announced[source] = [.. addresses];
            _sealed = null;
            return true;
        }
    }

    public ReadOnlyMemory<byte> SealedRecord()
    {
        lock (_gate)
        {
            return _sealed ??= new PeerRecord(options.Key.PeerId, ++_sequence, IdentifyMessage.Fitting(Everything(), IdentifyMessage.MaxRecordAddressBytes)).Seal(options.Key).Encode();
        }
    }

    private IEnumerable<Multiaddr> Everything() => _listeners.SelectMany(listener => listener.Addresses).Concat(_announced.Values.SelectMany(list => list)).Distinct();
}
