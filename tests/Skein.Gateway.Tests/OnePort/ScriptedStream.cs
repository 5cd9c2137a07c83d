using System.Threading.Channels;
using Skein.P2P.Transports;

namespace Skein.Gateway.Tests.OnePort;

/// <summary>The other side of a connection, as a test wants it.</summary>
internal sealed class ScriptedStream : AsyncStream
{
    private readonly Channel<byte[]> _arriving = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemoryStream _sent = new();
    private long _given;
    private int _sending;
    private int _lastSeen = -1;

    /// <summary>Bytes come without end.</summary>
    public bool IsEndless { get; init; }

    /// <summary>Writes wait until the stream is closed.</summary>
    public bool TakesNothing { get; init; }

    /// <summary>Writes fail.</summary>
    public bool FailsToSend { get; init; }

    public bool IsClosed => _closed.Task.IsCompleted;

    public bool IsSending => Volatile.Read(ref _sending) != 0;

    /// <summary>Bytes that were read.</summary>
    public long Given => Interlocked.Read(ref _given);

    /// <summary>Whether nothing was read between two looks, once something was.</summary>
    public bool IsIdle
    {
        get
        {
            var given = (int)Given;
            var before = Interlocked.Exchange(ref _lastSeen, given);
            return given > 0 && before == given;
        }
    }

    public byte[] Sent
    {
        get
        {
            lock (_sent)
            {
                return _sent.ToArray();
            }
        }
    }

    public void Arrive(byte[] bytes) => Assert.True(_arriving.Writer.TryWrite(bytes));

    public void ArriveEnd() => _arriving.Writer.Complete();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (IsEndless)
        {
            await Task.Yield();
            Interlocked.Add(ref _given, buffer.Length);
            return buffer.Length;
        }

        var next = _arriving.Reader.WaitToReadAsync(cancellationToken).AsTask();
        await Task.WhenAny(next, _closed.Task);
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (!await next || !_arriving.Reader.TryRead(out var bytes))
        {
            return 0;
        }

        bytes.CopyTo(buffer);
        return bytes.Length;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Volatile.Write(ref _sending, 1);
        if (FailsToSend)
        {
            throw new IOException("Connection reset by peer.");
        }

        if (TakesNothing)
        {
            await _closed.Task;
        }

        ObjectDisposedException.ThrowIf(IsClosed, this);
        lock (_sent)
        {
            _sent.Write(buffer.Span);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _closed.TrySetResult();
        base.Dispose(disposing);
    }
}
