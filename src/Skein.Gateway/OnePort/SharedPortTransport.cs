using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Skein.Gateway.OnePort;

/// <summary>Lets Kestrel listen at a port that is libp2p's. Thread-safe.</summary>
internal sealed class SharedPortTransport(IMemoryPoolFactory<byte> pools, TimeProvider time) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // Kestrel's kind of pool: it also gives memory to who asks for none in particular, which Kestrel's writers rely on.
    private readonly MemoryPool<byte> _pool = pools.Create();

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is SharedEndPoint;

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        => ValueTask.FromResult<IConnectionListener>(new SharedPortListener((SharedEndPoint)endpoint, _pool, time));
}
