using Skein.P2P.Errors;
using Skein.P2P.Noise;
using Skein.P2P.Resources;

namespace Skein.P2P.Yamux;

/// <summary>Many streams over one encrypted connection (libp2p/specs, yamux; hashicorp/yamux). Thread-safe.</summary>
/// <remarks>
/// <para>One read loop decrypts in place and hands bytes straight to waiting readers. Writers send on their own thread while the connection is free; when the
/// socket makes them wait, a writer loop takes over. Each encrypted message is filled anew from what waits then: answers and window updates first, then
/// control streams, decode streams, and bulk streams in turn with small frames. So nothing waits longer than one message behind a class below its own.</para>
/// <para>While decode messages are about, on any connection of the host, bulk is paced to what the line carries without a queue: see <see cref="BulkPacer"/>.</para>
/// <para>A steady flow allocates nothing.</para>
/// </remarks>
public sealed class YamuxConnection : IAsyncDisposable
{
    /// <summary>Protocol id.</summary>
    public const string Protocol = "/yamux/1.0.0";

    private readonly NoiseChannel _channel;
    private readonly MessageWriter _writer;
    private readonly KeepAlive _keepAlive;
    private readonly FrameReader _reader;
    private readonly TaskCompletionSource<P2PException?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Creates a session; it does nothing before <see cref="Start"/>.</summary>
    /// <param name="channel">The connection; the session owns it.</param>
    /// <param name="initiator">Whether this side dialled: it numbers its streams 1, 3, 5; the other 2, 4, 6.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="time">Clock.</param>
    /// <param name="onStream">Takes streams that the other side opens. Called on the read loop: it must not block, and owns the stream.</param>
    public YamuxConnection(NoiseChannel channel, bool initiator, YamuxOptions options, TimeProvider time, Action<YamuxStream> onStream)
        : this(channel, initiator, options, time, onStream, null, new DecodeActivity(time))
    {
    }

    // The share is what it may take of its host's budget; null outside a host. The session owns it. The decode activity is all the host's.
    internal YamuxConnection(NoiseChannel channel, bool initiator, YamuxOptions options, TimeProvider time, Action<YamuxStream> onStream, ResourceShare? share, DecodeActivity decoding)
    {
        _channel = channel;
        Session = new SessionState(options, time);
        Streams = new StreamTable(this, Session, initiator, share);
        Pacing = new BulkPacing(Session, decoding, Kick);
        Outgoing = new OutgoingFrames(Session, Streams, Pacing);
        _writer = new MessageWriter(Session, channel, Outgoing, Fail);
        _keepAlive = new KeepAlive(Session, Streams, Outgoing, Pacing, _writer, Fail);
        _reader = new FrameReader(Session, channel, Streams, Outgoing, _writer, _keepAlive, onStream, Fail);
    }

    /// <summary>Limits and times.</summary>
    public YamuxOptions Options => Session.Options;

    /// <summary>Round trip of the last ping, without the peer's thinking time; zero if not known yet.</summary>
    public TimeSpan RoundTrip => Session.RoundTrip;

    /// <summary>Ends when the session does, with the reason; null if it was closed in order.</summary>
    public Task<P2PException?> Closed => _closed.Task;

    /// <summary>Streams open now.</summary>
    public int StreamCount
    {
        get
        {
            lock (Session.Gate)
            {
                return Streams.Count;
            }
        }
    }

    // The parts that a stream deals with.
    internal SessionState Session { get; }

    internal StreamTable Streams { get; }

    internal OutgoingFrames Outgoing { get; }

    internal BulkPacing Pacing { get; }

    /// <summary>Starts reading, and pinging.</summary>
    public void Start()
    {
        _writer.Start();
        _reader.Start();
        _keepAlive.Start();
    }

    /// <summary>Opens a stream. Nothing is sent before its first write or read.</summary>
    /// <param name="streamClass">What it will carry.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException"><see cref="P2PError.ConnectionClosed"/> or <see cref="P2PError.LimitReached"/>.</exception>
    public async ValueTask<YamuxStream> OpenStreamAsync(StreamClass streamClass, CancellationToken cancellationToken)
    {
        await Streams.WaitForBacklogAsync(cancellationToken);
        YamuxStream stream;
        lock (Session.Gate)
        {
            stream = Streams.Open(streamClass);
        }

        // A bulk stream announces its larger window with its opening.
        if (streamClass == StreamClass.Bulk)
        {
            Kick();
        }

        return stream;
    }

    /// <summary>Pings the other side on the session itself.</summary>
    /// <returns>The round trip.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.ConnectionClosed"/>, or <see cref="P2PError.TimedOut"/> after <see cref="YamuxOptions.PingTimeout"/>.</exception>
    public Task<TimeSpan> PingAsync(CancellationToken cancellationToken) => _keepAlive.PingAsync(cancellationToken);

    /// <summary>Closes the session: says so, waits shortly for what is queued, then closes the connection. Open streams fail.</summary>
    public async Task CloseAsync(YamuxGoAway reason)
    {
        bool waiting;
        lock (Session.Gate)
        {
            waiting = Session.Fault is null && !Session.GoAwaySent;
            if (waiting)
            {
                Session.GoAwaySent = true;
                Outgoing.Enqueue(new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)reason));
            }
        }

        if (waiting)
        {
            Kick();
            await Task.WhenAny(_writer.Drained, _closed.Task, Task.Delay(Options.CloseTimeout, Session.Time));
        }

        Fail(null);
    }

    /// <summary>Closes in order, and waits for the loops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            await _closed.Task;
            return;
        }

        await CloseAsync(YamuxGoAway.Normal);
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
        await _keepAlive.DisposeAsync();
        await Streams.DisposeAsync();
        await Pacing.DisposeAsync();
        Session.Dispose();
        bool idle;
        lock (Session.Gate)
        {
            idle = _writer.IsIdle;
        }

        // A writer that is inside the socket's call this moment still has the buffer: then the collector takes it.
        if (idle)
        {
            _channel.ReturnBuffers();
        }
    }

    // Sends what is queued, unless somebody does already. Called without the lock.
    internal void Kick() => _writer.Kick();

    // Ends the session once; the first reason stands.
    private void Fail(P2PException? reason)
    {
        var fault = reason ?? new P2PException(P2PError.ConnectionClosed, "The connection was closed.");
        YamuxStream[] streams;
        TaskCompletionSource? ping;
        lock (Session.Gate)
        {
            if (Session.Fault is not null)
            {
                return;
            }

            Session.Fault = fault;
            streams = Streams.ToArray();
            ping = _keepAlive.TakePing();
        }

        ping?.TrySetException(fault);
        foreach (var stream in streams)
        {
            stream.Abort(fault, tellPeer: false);
        }

        lock (Session.Gate)
        {
            Streams.ReturnShare();
        }

        Session.End();
        _ = CloseChannelAsync(reason);
    }

    private async Task CloseChannelAsync(P2PException? reason)
    {
        try
        {
            await _channel.DisposeAsync();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone already, which is what was wanted.
        }

        _closed.TrySetResult(reason);
    }
}
