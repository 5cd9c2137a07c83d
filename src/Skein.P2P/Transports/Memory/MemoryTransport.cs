using Skein.P2P.Addressing;

namespace Skein.P2P.Transports.Memory;

/// <summary>One machine's way into a <see cref="MemoryNetwork"/>.</summary>
internal sealed class MemoryTransport(MemoryNetwork network, string name) : ITransport
{
    public bool CanDial(Multiaddr address) => address.Parts[0].Code == MultiaddrCode.Memory && !address.IsRelayed;

    public bool CanListen(Multiaddr address) => CanDial(address);

    public Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken) => Task.FromResult(network.Dial(name, address.Parts[0].Text));

    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
    {
        var listening = address.Parts[0].Text;
        network.Listen(listening, onConnection);
        return Task.FromResult<ITransportListener>(new Listener(network, listening, address.WithoutPeerId()));
    }

    private sealed class Listener(MemoryNetwork network, string name, Multiaddr address) : ITransportListener
    {
        public IReadOnlyList<Multiaddr> Addresses { get; } = [address];

        public ValueTask DisposeAsync()
        {
            network.StopListening(name);
            return default;
        }
    }
}
