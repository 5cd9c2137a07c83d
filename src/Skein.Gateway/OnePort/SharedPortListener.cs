using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Skein.Gateway.OnePort;

/// <summary>Gives Kestrel the connections of one protocol at a shared port.</summary>
internal sealed class SharedPortListener(SharedEndPoint endPoint, MemoryPool<byte> pool, TimeProvider time) : IConnectionListener
{
    /// <inheritdoc/>
    public EndPoint EndPoint => endPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        => await endPoint.Queue.TakeAsync(cancellationToken) is { } connection ? new SharedPortConnection(connection, pool, time) : null;

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        endPoint.Queue.Stop();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => endPoint.Queue.CloseAsync();
}
