using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>One stream of a session: full duplex, with its own flow control.</summary>
/// <remarks>
/// <para>One read and one write may be under way at once; a second of the same kind is an <see cref="InvalidOperationException"/>. A read returns 0 once the other
/// side has finished. A write ends when its bytes are on their way, so it waits while the other side's window is full.</para>
/// <para>Finish with <see cref="CloseWriteAsync"/>, then dispose. Disposing an unfinished stream resets it: the other side loses what it has not read.</para>
/// <para>A read of a <see cref="StreamClass.Decode"/> stream continues on the session's read loop, which saves a hop between threads: what follows must not block.</para>
/// <para>Cancelling a read is safe. Cancelling a write may leave a part of it sent: reset the stream then.</para>
/// </remarks>
public sealed class YamuxStream : Stream
{
    private readonly YamuxConnection _connection;
    private readonly Lock _gate;

    // All below is guarded by the session's lock.
    internal StreamLink ControlLink;
    internal StreamLink DataLink;

    private YamuxFlags _owedFlags;
    private bool _owedReset;
    private StreamClass _class;

    // Called under the session's lock.
    internal YamuxStream(YamuxConnection connection, uint id, bool outbound, StreamClass streamClass)
    {
        _connection = connection;
        _gate = connection.Session.Gate;
        Id = id;
        IsOutbound = outbound;
        Sending = new SendingHalf(connection, this);
        Receiving = new ReceivingHalf(connection, this);
        _owedFlags = outbound ? YamuxFlags.Syn : YamuxFlags.Ack;
        _class = streamClass;
        Receiving.Apply(streamClass);
    }

    /// <summary>The stream's number in its session.</summary>
    public uint Id { get; }

    /// <summary>Whether it was opened here.</summary>
    public bool IsOutbound { get; }

    /// <summary>What it carries. An inbound stream's class becomes known with its protocol.</summary>
    public StreamClass Class
    {
        get => _class;
        internal set
        {
            lock (_gate)
            {
                _class = value;
                Receiving.Apply(value);
            }

            _connection.Kick();
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    internal SendingHalf Sending { get; }

    internal ReceivingHalf Receiving { get; }

    // Why the stream failed; null while it has not. The first reason stands.
    internal P2PException? Fault { get; private set; }

    // Set while the other side has not acknowledged a stream that was opened here.
    internal bool AwaitsAck { get; set; }

    // Out of the session's table; counted until it is out of the writer's queues too.
    internal bool IsRemoved { get; set; }

    internal bool IsCounted { get; set; } = true;

    internal bool IsQueued => ControlLink.Queued || DataLink.Queued;

    /// <summary>Whether it is the line of another connection, whose own streams say what is urgent.</summary>
    internal bool IsTunnel { get; set; }

    internal bool IsFinished => Sending.IsFinSent && Receiving.IsFinReceived;

    // Whether a control frame has anything to say.
    internal bool OwesControl => Receiving.OwesWindow || _owedFlags != YamuxFlags.None || Sending.OwesFin;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Receiving.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Sending.WriteAsync(buffer, cancellationToken);

    /// <summary>Says that no more will be written; the other side reads to the end. Reading goes on. Calling it again does nothing.</summary>
    /// <exception cref="InvalidOperationException">A write is under way.</exception>
    public ValueTask CloseWriteAsync()
    {
        Sending.Finish();
        return default;
    }

    /// <summary>Ends the stream at once in both directions. Waiting reads and writes fail, here and there.</summary>
    public void Reset() => Abort(new P2PException(P2PError.StreamReset, "The stream was reset here."), tellPeer: true);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // Every write is sent as soon as it can be.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Asynchronous only.");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    // The three below are called under the lock.

    // A stream whose first frame is not a write must still be opened. True if there is something to send now.
    internal bool AnnounceOpening()
    {
        if ((_owedFlags & YamuxFlags.Syn) == YamuxFlags.None || ControlLink.Queued)
        {
            return false;
        }

        _connection.Outgoing.EnqueueControl(this);
        return true;
    }

    // The flags that the next frame of this stream must carry.
    internal YamuxFlags TakeFlags()
    {
        var flags = _owedFlags;
        _owedFlags = YamuxFlags.None;
        return Sending.TakeFin() ? flags | YamuxFlags.Fin : flags;
    }

    internal bool TakeReset()
    {
        var owed = _owedReset;
        _owedReset = false;
        return owed;
    }

    // The other side has finished.
    internal void OnFin()
    {
        bool reads;
        lock (_gate)
        {
            reads = Receiving.Finish();
            _connection.Streams.RemoveIfFinished(this);
        }

        if (reads)
        {
            Receiving.CompleteRead();
        }
    }

    // Ends the stream; the first reason stands.
    internal void Abort(P2PException fault, bool tellPeer)
    {
        bool reads, writes;
        lock (_gate)
        {
            if (Fault is not null || (IsFinished && Receiving.IsIdle))
            {
                return;
            }

            Fault = fault;
            reads = Receiving.Drop();
            writes = Sending.Drop();

            // A stream that the other side has never heard of needs no word.
            _owedReset = tellPeer && !IsFinished && (_owedFlags & YamuxFlags.Syn) == YamuxFlags.None;
            if (_owedReset)
            {
                _connection.Outgoing.EnqueueControl(this);
            }

            _connection.Streams.Remove(this);
        }

        if (reads)
        {
            Receiving.FailRead(fault);
        }

        if (writes)
        {
            Sending.FailWrite(fault);
        }

        _connection.Kick();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            bool linger;
            lock (_gate)
            {
                linger = Sending.IsFinWanted && Fault is null && !Receiving.IsReadWaiting;
                if (linger && !Receiving.IsDiscarding)
                {
                    Receiving.Discard();
                    if (!IsFinished)
                    {
                        _connection.Streams.StartLinger();
                    }
                }
            }

            if (!linger)
            {
                Abort(new P2PException(P2PError.StreamReset, "The stream was disposed here."), tellPeer: true);
            }
        }

        base.Dispose(disposing);
    }
}
