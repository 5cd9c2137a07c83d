using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Skein.Gateway.Requests;
using Skein.P2P.Transports;
using Skein.P2P.Transports.Tcp;

namespace Skein.Gateway.OnePort;

/// <summary>A connection of the shared port as Kestrel sees it: two pipes, and a loop each that carries bytes between pipe and stream.</summary>
/// <remarks>The loop that reads goes ahead of the request that is served, so that a client that leaves is noticed at once; how far ahead is bounded, and so is what waits to be sent.</remarks>
internal sealed class SharedPortConnection : DefaultConnectionContext, IPeerArrival, IMemoryPoolFeature
{
    // Read ahead of the request, and written ahead of the client: what one connection may hold of memory each way.
    private const int MaxAhead = 64 * 1024;

    // Smaller reads are not worth a call of the kernel.
    private const int LeastRead = 2048;

    // A client that has its whole answer within this time gets it all; one that stopped reading holds a connection no longer.
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);

    private readonly ForeignConnection _connection;
    private readonly TimeProvider _time;
    private readonly Pipe _toKestrel;
    private readonly Pipe _fromKestrel;
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _receiving;
    private readonly Task _sending;
    private volatile ConnectionAbortedException? _abortReason;

    /// <summary>Begins to carry bytes.</summary>
    public SharedPortConnection(ForeignConnection connection, MemoryPool<byte> pool, TimeProvider time)
        : base(RequestId.Create("conn_"))
    {
        _connection = connection;
        _time = time;
        LocalEndPoint = connection.Local;
        RemoteEndPoint = connection.Remote;
        ConnectionClosed = _closed.Token;
        var options = new PipeOptions(pool, pauseWriterThreshold: MaxAhead, resumeWriterThreshold: MaxAhead / 2, useSynchronizationContext: false);
        _toKestrel = new Pipe(options);
        _fromKestrel = new Pipe(options);
        Transport = new Duplex(_toKestrel.Reader, _fromKestrel.Writer);
        MemoryPool = pool;
        Features.Set<IPeerArrival>(this);
        Features.Set<IMemoryPoolFeature>(this);
        _receiving = ReceiveAsync();
        _sending = SendAsync();
    }

    public IPEndPoint Remote => _connection.Remote;

    public MemoryPool<byte> MemoryPool { get; }

    public void Upgraded(RawConnection connection) => _connection.Upgraded(connection);

    /// <summary>Closes at once; what was not sent is lost.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _abortReason ??= abortReason;
        _connection.Stream.Dispose();
        _fromKestrel.Reader.CancelPendingRead();
        _toKestrel.Writer.CancelPendingFlush();
    }

    /// <summary>Sends what was written, for as long as the client takes it and at most 10 s, and closes.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _toKestrel.Reader.CompleteAsync();
        await _fromKestrel.Writer.CompleteAsync();
        try
        {
            await _sending.WaitAsync(DrainTimeout, _time);
        }
        catch (TimeoutException)
        {
            // It does not read: what is left is lost with the connection.
        }

        await _connection.Stream.DisposeAsync();
        await _sending;
        await _receiving;
        await base.DisposeAsync();
    }

    private static bool IsLoss(Exception fault) => fault is IOException or SocketException or ObjectDisposedException or OperationCanceledException;

    private async Task ReceiveAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var count = await _connection.Stream.ReadAsync(_toKestrel.Writer.GetMemory(LeastRead));
                if (count == 0)
                {
                    break;
                }

                _toKestrel.Writer.Advance(count);
                if (await _toKestrel.Writer.FlushAsync() is { IsCompleted: true } or { IsCanceled: true })
                {
                    break;
                }
            }
        }
        catch (Exception loss) when (IsLoss(loss))
        {
            fault = new ConnectionResetException(loss.Message, loss);
        }

        await _toKestrel.Writer.CompleteAsync(_abortReason ?? fault);
        await _closed.CancelAsync();
    }

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                var result = await _fromKestrel.Reader.ReadAsync();
                if (result.IsCanceled)
                {
                    break;
                }

                foreach (var segment in result.Buffer)
                {
                    await _connection.Stream.WriteAsync(segment);
                }

                _fromKestrel.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception loss) when (IsLoss(loss))
        {
            // The loop that reads ends too, and tells why.
            await _connection.Stream.DisposeAsync();
            _toKestrel.Writer.CancelPendingFlush();
        }

        // Without a reason: Kestrel then finds that nobody reads, instead of an error where it expects none.
        await _fromKestrel.Reader.CompleteAsync();
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
