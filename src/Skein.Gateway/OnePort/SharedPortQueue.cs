using System.Threading.Channels;
using Skein.P2P.Transports.Tcp;

namespace Skein.Gateway.OnePort;

/// <summary>Connections of one protocol that wait for Kestrel to take them. Thread-safe.</summary>
internal sealed class SharedPortQueue
{
    /// <summary>How many may wait; beyond that newcomers are closed. As many as the kernel keeps for Kestrel's own sockets.</summary>
    internal const int Capacity = 512;

    private readonly Channel<ForeignConnection> _waiting = Channel.CreateBounded<ForeignConnection>(Capacity);

    /// <summary>Takes a connection, or closes it if too many wait or nobody takes them any more.</summary>
    public async Task OfferAsync(ForeignConnection connection)
    {
        if (!_waiting.Writer.TryWrite(connection))
        {
            await connection.Stream.DisposeAsync();
        }
    }

    /// <summary>The next one; null once the queue is closed.</summary>
    public async ValueTask<ForeignConnection?> TakeAsync(CancellationToken cancellationToken)
    {
        while (await _waiting.Reader.WaitToReadAsync(cancellationToken))
        {
            if (_waiting.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <summary>Takes no more; those that wait may still be taken.</summary>
    public void Stop() => _waiting.Writer.TryComplete();

    /// <summary>Takes no more, and closes those that wait.</summary>
    public async ValueTask CloseAsync()
    {
        Stop();
        while (_waiting.Reader.TryRead(out var left))
        {
            await left.Stream.DisposeAsync();
        }
    }
}
