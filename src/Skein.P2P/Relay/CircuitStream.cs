using System.Runtime.CompilerServices;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Transports;

namespace Skein.P2P.Relay;

/// <summary>A stream through a relay as a raw connection: what went wrong is a lost connection, and disposing it ends it in order.</summary>
internal sealed class CircuitStream(P2PStream inner) : AsyncStream
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Ends when the connection above has been disposed.</summary>
    public Task Ended => _ended.Task;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (P2PException fault)
        {
            throw Lost(fault);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
        catch (P2PException fault)
        {
            throw Lost(fault);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _ = FinishAsync();
        }

        base.Dispose(disposing);
    }

    private static IOException Lost(P2PException fault) => new($"The circuit through the relay ended: {fault.Message}", fault);

    // What was written last (a good-bye) should still arrive.
    private async Task FinishAsync()
    {
        try
        {
            await inner.CloseWriteAsync();
        }
        catch (Exception fault) when (fault is P2PException or IOException or ObjectDisposedException)
        {
            // It is gone already.
        }
        finally
        {
            await inner.DisposeAsync();
            _ended.TrySetResult();
        }
    }
}
