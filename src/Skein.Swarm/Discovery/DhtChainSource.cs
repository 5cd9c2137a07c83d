using Skein.Core.Identity;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.Swarm.Coordination;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Discovery;

/// <summary>Finds hosts of a model in the network, again and again. Thread-safe.</summary>
public sealed class DhtChainSource : IChainSource, IAsyncDisposable
{
    // What a coordinator takes.
    private const int MaxPeers = 64;

    private static readonly TimeSpan Eager = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    // A host that is no longer announced is still tried for so long: the network may only have lost its record.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(30);

    private readonly KademliaService _dht;
    private readonly P2PHost _host;
    private readonly byte[] _key;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<PeerId, (PeerAddress Address, DateTimeOffset Seen)> _known = [];
    private readonly Task _running;
    private volatile IReadOnlyList<PeerAddress> _peers = [];

    /// <summary>Begins to look.</summary>
    /// <param name="host">Knows addresses.</param>
    /// <param name="dht">Knows who provides.</param>
    /// <param name="model">The model.</param>
    /// <param name="time">Clock.</param>
    public DhtChainSource(P2PHost host, KademliaService dht, Sha256Digest model, TimeProvider time)
    {
        _host = host;
        _dht = dht;
        _key = ModelDirectory.KeyOf(model);
        _time = time;
        _running = RunAsync();
    }

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> Peers => _peers;

    /// <summary>Stops looking.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        var settled = 0;
        try
        {
            while (true)
            {
                // Eager until ten looks in a row brought nothing new.
                settled = await LookAsync() || _peers.Count == 0 ? 0 : settled + 1;
                await Task.Delay(settled < 10 ? Eager : Settled, _time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task<bool> LookAsync()
    {
        var now = _time.GetUtcNow();
        var isNew = false;
        foreach (var provider in await _dht.FindProvidersAsync(_key, MaxPeers, _stopping.Token))
        {
            var addresses = _host.Peers.Find(provider.Id)?.Addresses ?? provider.Addresses;
            var known = _known.TryGetValue(provider.Id, out var earlier);
            if (addresses.Count == 0 || provider.Id == _host.Id || (!known && _known.Count >= MaxPeers))
            {
                continue;
            }

            // The first address stays the peer's, so that a link to it is not dropped for a reordered list.
            _known[provider.Id] = (known ? earlier.Address : new PeerAddress(provider.Id.ToString(), [.. addresses.Take(8).Select(address => address.ToString())]), now);
            isNew |= !known;
        }

        foreach (var forgotten in _known.Where(entry => now - entry.Value.Seen >= Memory).Select(entry => entry.Key).ToList())
        {
            _known.Remove(forgotten);
            isNew = true;
        }

        if (isNew)
        {
            _peers = [.. _known.Values.OrderBy(entry => entry.Address.Id, StringComparer.Ordinal).Select(entry => entry.Address)];
        }

        return isNew;
    }
}
