using System.Threading.Channels;
using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Telemetry;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Stages;

/// <summary>One session in one stage: takes frames, runs the blocks, pushes results on.</summary>
/// <remarks>
/// One task runs the frames in order; everything else only leaves messages for it. Closed once, by <see cref="Close"/>.
/// Life: constructed when the Open message arrives, <see cref="OpenAsync"/>, then frames until closed.
/// </remarks>
internal sealed class StageSession : IFrameTarget, IDisposable
{
    private readonly StageService _service;
    private readonly OpenMessage _open;
    private readonly HostedStage _hosted;
    private readonly CoordinatorConnection _owner;
    private readonly IRowCodec _codec;
    private readonly Channel<ReceivedFrame> _frames;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IStageSequence? _sequence;
    private FrameLease? _nextDecode;
    private FrameLease? _nextBulk;
    private FrameLink? _return;
    private FrameLink? _upstreamDecode;
    private FrameLink? _upstreamBulk;
    private Task _running = Task.CompletedTask;
    private Task _progress = Task.CompletedTask;
    private bool _started;
    private bool _closed;
    private uint _newestEpoch;
    private uint _epoch;
    private uint _step;
    private bool _any;
    private long _waitingSince;
    private int _waiting;
    private long _lastFrame;
    private long _rows;
    private long _computeTicks;
    private long _bytesIn;
    private long _bytesOut;
    private long _framesDone;

    public StageSession(StageService service, CoordinatorConnection owner, HostedStage hosted, OpenMessage open, IRowCodec codec)
    {
        _service = service;
        _owner = owner;
        _hosted = hosted;
        _open = open;
        _codec = codec;
        _stopped = _stop.Token;
        Key = new SessionKey(open.Session, open.Hop);
        _lastFrame = service.Time.GetTimestamp();
        _frames = Channel.CreateBounded<ReceivedFrame>(new BoundedChannelOptions(service.Options.MaxFramesPerSession) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    /// <summary>Which session and stage.</summary>
    public SessionKey Key { get; }

    /// <summary>Who opened it.</summary>
    public CoordinatorConnection Owner => _owner;

    /// <summary>Ends when everything that the session held is free.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Reserves KV memory, dials the next stage and starts to take frames.</summary>
    /// <returns>What to answer the coordinator.</returns>
    public async Task<IWireMessage> OpenAsync()
    {
        try
        {
            var sequence = await _hosted.Stage.OpenSequenceAsync(_open.KvTokens, _stopped);
            if (!Keep(sequence))
            {
                await sequence.DisposeAsync();
                return Refuse(new SwarmException(SwarmError.SessionClosed, "The session was closed while it was opened."));
            }

            if (_open.Next is { } next)
            {
                // The coordinator's word, which a transport trusts no further than the coordinator.
                await DialAsync(next.ToldBy(_owner.Remote));
            }
            else if (_service.FindInboundLink(_open.ReturnLink) is { } link)
            {
                lock (_lock)
                {
                    if (!_closed)
                    {
                        _return = link;
                        link.Lease();
                    }
                }
            }
            else
            {
                throw new SwarmException(SwarmError.PeerLost, "The link on which results should go back is not open: dial the tail before opening the session.");
            }

            lock (_lock)
            {
                if (_closed)
                {
                    return Refuse(new SwarmException(SwarmError.SessionClosed, "The session was closed while it was opened."));
                }

                _started = true;
                _running = RunAsync(sequence);
            }

            // A link that broke before the session was listening would not have told it.
            if ((_return ?? _nextDecode?.Link)?.Failure is { } broken || (_nextBulk?.Link.Failure is { } alsoBroken && (broken = alsoBroken) is not null))
            {
                throw new SwarmException(SwarmError.PeerLost, broken.Message);
            }

            var info = _hosted.Stage.Info;
            return new OpenedMessage(Key.Session, Key.Hop, sequence.KvTokens, info.EngineClass, info.WidthInvariant, Math.Min(info.MaxStepRows, WireLimits.MaxRows), _service.Options.MaxFramesPerSession);
        }
        catch (Exception failure)
        {
            var reason = SwarmErrors.From(failure);
            Close(reason, FailureSource.Owner, answer: false);
            return Refuse(reason);
        }
    }

    /// <summary>Says whether a frame of this shape may come, before its payload is read. A frame that may not fails the session.</summary>
    /// <param name="link">Where it comes from: from now on the stage before is told of failures there.</param>
    /// <param name="header">Its head.</param>
    public bool Admits(FrameLink link, in FrameHeader header)
    {
        lock (_lock)
        {
            if (!_started || _closed)
            {
                // Ending: everybody is told, or knows.
                return false;
            }

            if (header.Flags.HasFlag(FrameFlags.Prefill))
            {
                _upstreamBulk = link;
            }
            else
            {
                _upstreamDecode = link;
            }
        }

        if (header.Width != _hosted.Stage.Info.Width || header.Rows > _hosted.Stage.Info.MaxStepRows || header.Format != _open.Format)
        {
            Close(new SwarmException(SwarmError.BadFrame, $"A frame of {header.Rows} rows of {header.Width} values as {header.Format} does not fit: the stage takes up to {_hosted.Stage.Info.MaxStepRows} rows of {_hosted.Stage.Info.Width} values as {_open.Format}."), FailureSource.Here);
            return false;
        }

        if (!_service.TryReserve(header.PayloadBytes))
        {
            Close(new SwarmException(SwarmError.TooManyFrames, "More frames wait in this node than it may hold; try again later.", _service.Options.RetryAfter), FailureSource.Here);
            return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Deliver(FrameLink link, ReceivedFrame frame)
    {
        var now = _service.Time.GetTimestamp();
        Volatile.Write(ref _lastFrame, now);
        if (frame.Header.Epoch > Volatile.Read(ref _newestEpoch))
        {
            Volatile.Write(ref _newestEpoch, frame.Header.Epoch);
        }

        if (Interlocked.Increment(ref _waiting) == 1)
        {
            Volatile.Write(ref _waitingSince, now);
        }

        if (_frames.Writer.TryWrite(frame))
        {
            return;
        }

        Discard(frame);
        Close(new SwarmException(SwarmError.TooManyFrames, $"More than {_service.Options.MaxFramesPerSession} frames of the session wait here."), FailureSource.Here);
    }

    /// <inheritdoc/>
    public void Abandon(in FrameHeader header) => _service.Unreserve(header.PayloadBytes);

    /// <summary>Whether the session's rows travel over the link.</summary>
    public bool Uses(FrameLink link)
    {
        lock (_lock)
        {
            return ReferenceEquals(link, _upstreamDecode) || ReferenceEquals(link, _upstreamBulk) || IsDownstreamUnsafe(link);
        }
    }

    /// <summary>Whether the link leads to the next stage, or back from the tail.</summary>
    public bool IsDownstream(FrameLink link)
    {
        lock (_lock)
        {
            return IsDownstreamUnsafe(link);
        }
    }

    /// <summary>Says that a step waits or runs, and ends a session that was forgotten. Called about twice a second.</summary>
    public void Tick(long now)
    {
        if (!_started)
        {
            return;
        }

        var waiting = Volatile.Read(ref _waiting) > 0;
        if (!waiting && _service.Time.GetElapsedTime(Volatile.Read(ref _lastFrame), now) > _service.Options.SessionIdle)
        {
            Close(new SwarmException(SwarmError.SessionIdle, $"Nothing came for the session for {_service.Options.SessionIdle.TotalSeconds:0} s; its KV memory was freed."), FailureSource.Here);
        }
        else if (waiting && _progress.IsCompleted && _service.Time.GetElapsedTime(Volatile.Read(ref _waitingSince), now) >= _service.Options.ProgressInterval)
        {
            Volatile.Write(ref _waitingSince, now);
            _progress = _owner.TrySendAsync(new ProgressMessage(Key.Session, Key.Hop, Volatile.Read(ref _step)));
        }
    }

    /// <summary>Ends the session: work stops, memory is freed, neighbours are told. Returns at once; <see cref="Ended"/> tells when it is done. The first reason counts.</summary>
    /// <param name="reason">Why; null when the coordinator closed it.</param>
    /// <param name="source">Who knows already.</param>
    /// <param name="answer">Whether to send the coordinator the final account.</param>
    /// <param name="origin">The stage where it went wrong; null is this one.</param>
    public void Close(SwarmException? reason, FailureSource source, bool answer = false, int? origin = null)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
        }

        _ = CloseAsync(reason, source, answer, origin ?? Key.Hop);
    }

    /// <summary>Called by the closing itself.</summary>
    public void Dispose() => _stop.Dispose();

    private static bool IsRetryable(SwarmError error) => error is SwarmError.KvBudgetExhausted or SwarmError.TooManySessions or SwarmError.TooManyFrames or SwarmError.LimitReached;

    private bool IsDownstreamUnsafe(FrameLink link) => ReferenceEquals(link, _nextDecode?.Link) || ReferenceEquals(link, _nextBulk?.Link) || ReferenceEquals(link, _return);

    private bool Keep(IStageSequence sequence)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            _sequence = sequence;
            return true;
        }
    }

    private RefusedMessage Refuse(SwarmException reason)
        => new(Key.Session, Key.Hop, reason.Error, reason.Message, reason.RetryAfter ?? (IsRetryable(reason.Error) ? _service.Options.RetryAfter : null));

    private async Task DialAsync(PeerAddress next)
    {
        try
        {
            // Both at once: the second costs no further round trip.
            var bulk = _service.Links.RentAsync(next, TrafficClass.Bulk, _stopped).AsTask();
            FrameLease decode;
            try
            {
                decode = await _service.Links.RentAsync(next, TrafficClass.Decode, _stopped);
            }
            catch
            {
                await ReleaseWhenMadeAsync(bulk);
                throw;
            }

            FrameLease other;
            try
            {
                other = await bulk;
            }
            catch
            {
                decode.Dispose();
                throw;
            }

            lock (_lock)
            {
                if (!_closed)
                {
                    _nextDecode = decode;
                    _nextBulk = other;
                    return;
                }
            }

            decode.Dispose();
            other.Dispose();
        }
        catch (SwarmException failure) when (failure.Error != SwarmError.LimitReached)
        {
            throw new SwarmException(SwarmError.NextHopUnreachable, $"The next stage cannot be reached: {failure.Message}", null, failure);
        }
    }

    private static async Task ReleaseWhenMadeAsync(Task<FrameLease> lease)
    {
        try
        {
            (await lease).Dispose();
        }
        catch (Exception failure) when (failure is SwarmException or OperationCanceledException)
        {
            // Never made: nothing to release. The other class's failure is reported.
        }
    }

    private async Task RunAsync(IStageSequence sequence)
    {
        // Not under the lock of the opener.
        await Task.Yield();
        try
        {
            while (await _frames.Reader.WaitToReadAsync(_stopped))
            {
                while (_frames.Reader.TryRead(out var frame))
                {
                    try
                    {
                        await StepAsync(sequence, frame);
                    }
                    finally
                    {
                        Discard(frame);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Closed while waiting or computing.
        }
        catch (Exception failure)
        {
            if (failure is not (SwarmException or StageException))
            {
                StageLog.StepFailed(_service.Logger, failure, Key.Session);
            }

            Close(SwarmErrors.From(failure), FailureSource.Here);
        }
    }

    private void Discard(ReceivedFrame frame)
    {
        _service.Unreserve(frame.Header.PayloadBytes);
        Interlocked.Decrement(ref _waiting);
        frame.Return();
    }

    private async ValueTask StepAsync(IStageSequence sequence, ReceivedFrame frame)
    {
        var header = frame.Header;
        Interlocked.Add(ref _bytesIn, frame.Size);
        if (!IsNext(header))
        {
            return;
        }

        if (header.TruncateTo != FrameHeader.NoTruncation)
        {
            if (header.TruncateTo > (uint)Math.Min(header.Position, sequence.Length))
            {
                throw new SwarmException(SwarmError.BadPosition, $"Frame {header.Step} truncates to {header.TruncateTo}, but the sequence has {sequence.Length} positions and the frame begins at {header.Position}.");
            }

            if ((int)header.TruncateTo < sequence.Length)
            {
                await sequence.TruncateAsync((int)header.TruncateTo, _stopped);
            }
        }

        if (header.Position != sequence.Length || header.Rows > sequence.KvTokens - header.Position)
        {
            throw new SwarmException(SwarmError.BadPosition, $"Frame {header.Step} brings {header.Rows} rows at position {header.Position}; the sequence has {sequence.Length} of {sequence.KvTokens} positions.");
        }

        if (!_codec.TryDecode(frame.Payload, header.Rows, header.Width, out var rows))
        {
            throw new SwarmException(SwarmError.NotFinite, $"Frame {header.Step} holds NaN or infinity.");
        }

        HiddenRows result;
        TimeSpan computed;
        var isPrefill = header.Flags.HasFlag(FrameFlags.Prefill);
        using (rows)
        {
            var started = _service.Time.GetTimestamp();
            result = await sequence.StepAsync(rows, header.Position, isPrefill ? StepKind.Prefill : StepKind.Decode, _stopped);
            computed = _service.Time.GetElapsedTime(started);
            Interlocked.Add(ref _computeTicks, computed.Ticks);
        }

        using (result)
        {
            Interlocked.Add(ref _rows, header.Rows);
            Interlocked.Increment(ref _framesDone);
            if (result.Rows != header.Rows || result.Width != header.Width)
            {
                throw new SwarmException(SwarmError.ComputeFailed, $"The engine gave {result.Rows} rows of {result.Width} values for {header.Rows} of {header.Width}.");
            }

            var sent = await ForwardAsync(header, result);
            Interlocked.Add(ref _bytesOut, sent);
            SwarmInstruments.Computed(isPrefill, header.Rows, frame.Size, sent, computed);
        }
    }

    /// <summary>Frames come once and in order; a frame that came before, or that the coordinator has taken back meanwhile, is passed over.</summary>
    private bool IsNext(in FrameHeader header)
    {
        if (header.Epoch < Volatile.Read(ref _newestEpoch) || (_any && header.Epoch == _epoch && header.Step <= _step))
        {
            return false;
        }

        if (_any && (header.Epoch == _epoch ? header.Step != _step + 1 : header.Step <= _step))
        {
            throw new SwarmException(SwarmError.OutOfOrder, $"Frame {header.Step} of epoch {header.Epoch} came after frame {_step} of epoch {_epoch}.");
        }

        _any = true;
        _epoch = header.Epoch;
        Volatile.Write(ref _step, header.Step);
        return true;
    }

    private async ValueTask<int> ForwardAsync(FrameHeader header, HiddenRows rows)
    {
        var onwards = header with { Hop = header.Hop + 1 };
        ReadOnlyMemory<float> values = rows.Memory;
        FrameLink link;
        if (_return is { } back)
        {
            link = back;
            if (header.Flags.HasFlag(FrameFlags.LastRowOnly) && rows.Rows > 1)
            {
                onwards = onwards with { Position = header.Position + rows.Rows - 1, Rows = 1 };
                values = values[^rows.Width..];
            }
        }
        else
        {
            link = (header.Flags.HasFlag(FrameFlags.Prefill) ? _nextBulk : _nextDecode)!.Link;
        }

        return await link.SendAsync(onwards, values, _codec);
    }

    private async Task CloseAsync(SwarmException? reason, FailureSource source, bool answer, int origin)
    {
        // The caller may hold locks or be a reader that must go on.
        await Task.Yield();
        var telling = Task.CompletedTask;
        try
        {
            // Told first, but not waited for: a neighbour that does not listen must not keep memory from being freed.
            telling = reason is null ? Task.CompletedTask : TellAsync(reason, source, origin);
            await _stop.CancelAsync();
            _frames.Writer.TryComplete();
            await _running;
            while (_frames.Reader.TryRead(out var frame))
            {
                Discard(frame);
            }

            if (_sequence is not null)
            {
                await _sequence.DisposeAsync();
            }
        }
        catch (Exception failure)
        {
            StageLog.CloseFailed(_service.Logger, failure, Key.Session);
        }
        finally
        {
            await telling;
            TimeSpan? roundTrip;
            lock (_lock)
            {
                roundTrip = _nextDecode?.Link.RoundTrip;
                _nextDecode?.Dispose();
                _nextBulk?.Dispose();
                _return?.Release();
            }

            _service.Forget(this);
            SwarmInstruments.SessionEnded("stage", reason);
            if (answer)
            {
                await _owner.TrySendAsync(new ClosedMessage(Key.Session, Key.Hop, _rows, TimeSpan.FromTicks(_computeTicks), _bytesIn, _bytesOut, _framesDone, roundTrip));
            }

            Dispose();
            _ended.TrySetResult();
        }
    }

    /// <summary>Tells the coordinator and both neighbours, so that each frees what it holds even if the coordinator is gone.</summary>
    private async Task TellAsync(SwarmException reason, FailureSource source, int origin)
    {
        StageLog.SessionFailed(_service.Logger, Key.Session, Key.Hop, reason.Code, reason.Message);
        FrameLink? upstream;
        FrameLink? downstream;
        lock (_lock)
        {
            upstream = _upstreamDecode ?? _upstreamBulk;
            downstream = _nextDecode?.Link;
        }

        var tasks = new List<Task>(3);
        if (source != FailureSource.Owner)
        {
            tasks.Add(_owner.TrySendAsync(new ErrorMessage(Key.Session, Key.Hop, reason.Error, reason.Message, reason.RetryAfter, origin)));
        }

        if (source != FailureSource.Upstream && upstream is not null)
        {
            tasks.Add(TrySendAsync(upstream, new ErrorMessage(Key.Session, Key.Hop, reason.Error, reason.Message, null, origin)));
        }

        if (source != FailureSource.Downstream && downstream is not null)
        {
            tasks.Add(TrySendAsync(downstream, new ErrorMessage(Key.Session, Key.Hop + 1, reason.Error, reason.Message, null, origin)));
        }

        await Task.WhenAll(tasks);
    }

    private static async Task TrySendAsync(FrameLink link, ErrorMessage error)
    {
        try
        {
            await link.SendAsync(error);
        }
        catch (SwarmException)
        {
            // The link is gone, and with it the neighbour learns the same.
        }
    }
}
