using System.Collections.Concurrent;

namespace Skein.Swarm.Transport;

/// <summary>A network in memory whose peers can be killed, frozen and brought back. Thread-safe.</summary>
public sealed class InMemoryRingNetwork
{
    private readonly ConcurrentDictionary<string, InMemoryRingTransport> _peers = new(StringComparer.Ordinal);

    /// <summary>Adds a peer, or brings one back under the name that a killed one had.</summary>
    /// <exception cref="InvalidOperationException">The name is taken.</exception>
    public InMemoryRingTransport Join(string name)
    {
        var transport = new InMemoryRingTransport(this, name);
        return _peers.TryAdd(name, transport) ? transport : throw new InvalidOperationException($"{name} is there already.");
    }

    /// <summary>The address of a peer, there or not.</summary>
    public static PeerAddress AddressOf(string name) => new(name, [$"memory:{name}"]);

    internal InMemoryRingTransport? Find(string name) => _peers.GetValueOrDefault(name);

    internal void Leave(InMemoryRingTransport transport) => _peers.TryRemove(KeyValuePair.Create(transport.Name, transport));
}
