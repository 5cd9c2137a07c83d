using System.Threading.Channels;
using Skein.Core.Generation;
using Skein.Core.Hidden;
using Skein.Core.Identity;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Telemetry;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Coordination;

/// <summary>One sequence in every stage of a chain, seen from the coordinator: rows go in at the first stage and come back from the tail.</summary>
/// <remarks>
/// One sender and one receiver at a time, which may be different tasks. Several frames may be in the ring at once, up to <see cref="MaxFrames"/>.
/// The first failure, wherever it happens, fails the session: sends and receives throw it. Disposing closes the session in every stage.
/// </remarks>
internal sealed class RingSession : IFrameTarget, IAsyncDisposable
{
    private readonly Ring _ring;
    private readonly PeerLink[] _peers;
    private readonly TaskCompletionSource<OpenedMessage>[] _opened;
    private readonly TaskCompletionSource<ClosedMessage>[] _accounts;
    private readonly Channel<ReceivedFrame> _results;
    private readonly IRowCodec _codec;
    private readonly Lock _lock = new();
    private readonly Queue<ExpectedResult> _expected = new();
    private FrameLease? _firstDecode;
    private FrameLease? _firstBulk;
    private FrameLease? _back;
    private SwarmException? _failure;
    private uint _epoch;
    private uint _step;
    private long _lastSign;
    private int _lastHop;
    private double _usualStepSeconds;
    private bool _asked;
    private bool _isOpen;
    private bool _closing;
    private Task? _closed;

    /// <summary>Creates a session that no stage knows yet.</summary>
    public RingSession(Ring ring, IReadOnlyList<ChainStage> chain, IReadOnlyList<PeerLink> peers, int kvTokens)
    {
        _ring = ring;
        Chain = chain;
        KvTokens = kvTokens;
        _peers = [.. peers];
        _codec = RowCodecs.Get(ring.Options.Format);
        _opened = [.. chain.Select(static _ => new TaskCompletionSource<OpenedMessage>(TaskCreationOptions.RunContinuationsAsynchronously))];
        _accounts = [.. chain.Select(static _ => new TaskCompletionSource<ClosedMessage>(TaskCreationOptions.RunContinuationsAsynchronously))];
        _results = Channel.CreateBounded<ReceivedFrame>(new BoundedChannelOptions(64) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        foreach (var peer in _peers)
        {
            peer.Lease();
        }
    }

    /// <summary>Which session.</summary>
    public SessionId Id { get; } = SessionId.Create();

    /// <summary>Its stages, first one first.</summary>
    public IReadOnlyList<ChainStage> Chain { get; }

    /// <summary>Positions reserved in every stage.</summary>
    public int KvTokens { get; }

    /// <summary>The most rows of a frame that every stage takes; known once open.</summary>
    public int MaxRows { get; private set; } = 1;

    /// <summary>The most frames that may be in the ring; known once open.</summary>
    public int MaxFrames { get; private set; } = 1;

    /// <summary>What the stages did, first one first; complete after a clean <see cref="CloseAsync"/>, with zeros for a stage that gave no account.</summary>
    public IReadOnlyList<StageUsage> Usage { get; private set; } = [];

    /// <summary>Round trip to the first stage, known after <see cref="CloseAsync"/>; null if it was not measured.</summary>
    public TimeSpan? FirstHopRoundTrip { get; private set; }

    /// <summary>Opens the session in every stage, tail first.</summary>
    /// <exception cref="SwarmException">A stage refused or was lost. Close the session.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var first = _ring.Links.RentAsync(Chain[0].Peer, TrafficClass.Decode, cancellationToken).AsTask();
        var bulk = _ring.Links.RentAsync(Chain[0].Peer, TrafficClass.Bulk, cancellationToken).AsTask();
        var back = _ring.Links.RentAsync(Chain[^1].Peer, TrafficClass.Decode, cancellationToken).AsTask();
        try
        {
            await Task.WhenAll(first, bulk, back);
        }
        finally
        {
            _firstDecode = await TakeAsync(first);
            _firstBulk = await TakeAsync(bulk);
            _back = await TakeAsync(back);
        }

        // What broke before this session was listed would not have reached it.
        foreach (var lease in new[] { _firstDecode!, _firstBulk!, _back! })
        {
            if (lease.Link.Failure is { } broken)
            {
                throw new SwarmException(SwarmError.PeerLost, broken.Message);
            }
        }

        _asked = true;
        for (var hop = Chain.Count - 1; hop >= 0; hop--)
        {
            var next = hop + 1 < Chain.Count ? Chain[hop + 1].Peer : null;
            await _peers[hop].SendAsync(new OpenMessage(Id, hop, _ring.Model, Chain[hop].Span, next, next is null ? _back!.Link.Id : default, _ring.Options.Format, KvTokens, default));
        }

        OpenedMessage[] answers;
        try
        {
            answers = await Task.WhenAll(_opened.Select(static o => o.Task)).WaitAsync(_ring.Options.OpenBound, _ring.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            var silent = Enumerable.Range(0, Chain.Count).Where(i => !_opened[i].Task.IsCompleted).Select(i => Chain[i].ToString());
            throw new SwarmException(SwarmError.NoProgress, $"No answer to an open message within {_ring.Options.OpenBound.TotalSeconds:0.#} s from {string.Join(", ", silent)}.");
        }

        for (var hop = 0; hop < answers.Length; hop++)
        {
            if (answers[hop].KvTokens < KvTokens)
            {
                throw new SwarmException(SwarmError.KvBudgetExhausted, $"{Chain[hop]} granted {answers[hop].KvTokens} of {KvTokens} positions.");
            }
        }

        MaxRows = answers.Min(static a => a.MaxStepRows);
        MaxFrames = answers.Min(static a => a.MaxFrames);
        Volatile.Write(ref _lastSign, _ring.Time.GetTimestamp());
        Volatile.Write(ref _isOpen, true);
    }

    /// <summary>Sends rows into the ring.</summary>
    /// <param name="rows">Embedded rows, or rows of drafts; at most <see cref="MaxRows"/>. Borrowed until the task ends.</param>
    /// <param name="position">Position of the first row.</param>
    /// <param name="flags">What they are for.</param>
    /// <param name="takeBack">Whether positions from <paramref name="position"/> on that were sent before are taken back first: rejected drafts. Results of earlier frames are dropped from then on.</param>
    /// <exception cref="SwarmException">The session failed.</exception>
    public async ValueTask SendAsync(HiddenRows rows, int position, FrameFlags flags, bool takeBack = false)
    {
        ThrowIfFailed();
        FrameHeader header;
        lock (_lock)
        {
            if (takeBack)
            {
                _epoch++;
                _expected.Clear();
            }

            header = new FrameHeader(Id, 0, _epoch, _step++, position, takeBack ? (uint)position : FrameHeader.NoTruncation, rows.Rows, rows.Width, _codec.Format, flags);
            var lastOnly = flags.HasFlag(FrameFlags.LastRowOnly);
            var now = _ring.Time.GetTimestamp();
            _expected.Enqueue(new ExpectedResult(header.Epoch, header.Step, lastOnly ? position + rows.Rows - 1 : position, lastOnly ? 1 : rows.Rows, flags.HasFlag(FrameFlags.Prefill), now));
            if (_expected.Count == 1)
            {
                Volatile.Write(ref _lastSign, now);
            }
        }

        try
        {
            await (flags.HasFlag(FrameFlags.Prefill) ? _firstBulk! : _firstDecode!).Link.SendAsync(header, rows.Memory, _codec);
        }
        catch (SwarmException failure)
        {
            Fail(failure.Error == SwarmError.NotFinite ? failure : new SwarmException(SwarmError.PeerLost, $"{Chain[0]}: {failure.Message}", null, failure));
            ThrowIfFailed();
        }
    }

    /// <summary>Takes the result of the oldest frame in the ring.</summary>
    /// <param name="cancellationToken">Safe: the result waits for the next call.</param>
    /// <returns>The residual stream after the last block; the caller disposes it.</returns>
    /// <exception cref="SwarmException">The session failed.</exception>
    public async ValueTask<HiddenRows> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ReceivedFrame frame;
            try
            {
                frame = await _results.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException)
            {
                ThrowIfFailed();
                throw new SwarmException(SwarmError.SessionClosed, "The session is closed.");
            }

            try
            {
                if (TryTake(frame, out var rows))
                {
                    return rows;
                }
            }
            catch (SwarmException failure)
            {
                Fail(failure);
                throw;
            }
            finally
            {
                frame.Return();
            }
        }
    }

    /// <summary>Ends the session in every stage. Waits, within a bound, for their accounts. Safe to call again.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closing = true;
            return _closed ??= CloseOnceAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync();

    /// <summary>Whether a result of this shape may come over this link, before its payload is read.</summary>
    public bool Admits(FrameLink link, in FrameHeader header)
    {
        if (!ReferenceEquals(link, _back?.Link) || header.Hop != Chain.Count)
        {
            return false;
        }

        lock (_lock)
        {
            if (_failure is not null || _closing)
            {
                return false;
            }

            if (header.Epoch != _epoch)
            {
                // Of drafts that were taken back.
                return false;
            }

            foreach (var expected in _expected)
            {
                if (expected.Step == header.Step && expected.Rows == header.Rows && header.Width == _ring.Width && header.Format == _codec.Format)
                {
                    return true;
                }
            }
        }

        Fail(new SwarmException(SwarmError.BadFrame, $"{Chain[^1]} sent a result that nobody asked for: step {header.Step}, {header.Rows} rows of {header.Width} values."));
        return false;
    }

    /// <inheritdoc/>
    public void Deliver(FrameLink link, ReceivedFrame frame)
    {
        if (!_results.Writer.TryWrite(frame))
        {
            frame.Return();
            Fail(new SwarmException(SwarmError.TooManyFrames, $"{Chain[^1]} sent more results than frames were sent."));
        }
    }

    /// <inheritdoc/>
    public void Abandon(in FrameHeader header)
    {
        // The link broke; that fails the session on its own.
    }

    /// <summary>A stage takes part.</summary>
    public void OnOpened(PeerLink peer, OpenedMessage message)
    {
        if (IsFrom(peer, message.Hop))
        {
            _opened[message.Hop].TrySetResult(message);
        }
    }

    /// <summary>A stage does not take part.</summary>
    public void OnRefused(PeerLink peer, RefusedMessage message)
    {
        if (IsFrom(peer, message.Hop))
        {
            Fail(new SwarmException(message.Reason, $"{Chain[message.Hop]} refused the session: {message.Message}", message.RetryAfter));
        }
    }

    /// <summary>A stage's account.</summary>
    public void OnClosed(PeerLink peer, ClosedMessage message)
    {
        if (IsFrom(peer, message.Hop))
        {
            _accounts[message.Hop].TrySetResult(message);
        }
    }

    /// <summary>A stage is slow, not dead.</summary>
    public void OnProgress(PeerLink peer, ProgressMessage message)
    {
        if (IsFrom(peer, message.Hop))
        {
            Volatile.Write(ref _lastHop, message.Hop);
            Volatile.Write(ref _lastSign, _ring.Time.GetTimestamp());
        }
    }

    /// <summary>A stage failed the session.</summary>
    public void OnError(PeerLink peer, ErrorMessage message)
    {
        if (IsFrom(peer, message.Hop))
        {
            Fail(message.ToException(Chain[Math.Min(message.Origin, Chain.Count - 1)].ToString()));
        }
    }

    /// <summary>A neighbour reported a failure on a frame link.</summary>
    public void OnError(FrameLink link, ErrorMessage message)
    {
        if (Uses(link))
        {
            Fail(message.ToException(Chain[Math.Min(message.Origin, Chain.Count - 1)].ToString()));
        }
    }

    /// <summary>Whether rows travel over the link.</summary>
    public bool Uses(FrameLink link) => ReferenceEquals(link, _firstDecode?.Link) || ReferenceEquals(link, _firstBulk?.Link) || ReferenceEquals(link, _back?.Link);

    /// <summary>A frame link broke.</summary>
    public void OnLost(FrameLink link, SwarmException reason)
    {
        if (Uses(link))
        {
            Fail(new SwarmException(SwarmError.PeerLost, $"{(ReferenceEquals(link, _back?.Link) ? Chain[^1] : Chain[0])} was lost: {reason.Message}", null, reason));
        }
    }

    /// <summary>A node's session stream broke.</summary>
    public void OnLost(PeerLink peer, SwarmException reason)
    {
        for (var hop = 0; hop < _peers.Length; hop++)
        {
            if (ReferenceEquals(_peers[hop], peer))
            {
                _accounts[hop].TrySetCanceled();
                Fail(new SwarmException(SwarmError.PeerLost, $"{Chain[hop]} was lost: {reason.Message}", null, reason));
            }
        }
    }

    /// <summary>Fails a session that makes no progress. Called a few times a second.</summary>
    public void Tick(long now)
    {
        var options = _ring.Options;
        ExpectedResult oldest;
        lock (_lock)
        {
            if (_failure is not null || _closing || !_expected.TryPeek(out oldest))
            {
                return;
            }
        }

        var bound = TimeSpan.FromSeconds(Math.Clamp(_usualStepSeconds * options.StallFactor, options.StallFloor.TotalSeconds, options.StallCeiling.TotalSeconds));
        var silent = _ring.Time.GetElapsedTime(Volatile.Read(ref _lastSign), now);
        var waited = _ring.Time.GetElapsedTime(oldest.Sent, now);
        if (silent > bound || waited > options.StallCeiling)
        {
            var hop = Math.Min(Volatile.Read(ref _lastHop), Chain.Count - 1);
            Fail(new SwarmException(SwarmError.NoProgress, $"Step {oldest.Step} has been in the ring for {waited.TotalSeconds:0} s; the last sign of life came from {Chain[hop]}. The reply was given up."));
        }
    }

    /// <summary>Ends the session with a failure; only the first counts.</summary>
    public void Fail(SwarmException reason)
    {
        lock (_lock)
        {
            if (_failure is not null || _closing)
            {
                return;
            }

            _failure = reason;
        }

        if (Volatile.Read(ref _isOpen))
        {
            // While it is opened, whoever opens it decides whether it is worth a line.
            CoordinationLog.SessionFailed(_ring.Logger, Id, reason.Code, reason.Message);
        }

        foreach (var peer in _peers)
        {
            peer.Suspect();
        }

        foreach (var opened in _opened)
        {
            opened.TrySetException(reason);
            _ = opened.Task.Exception;
        }

        _results.Writer.TryComplete();
    }

    private static async Task<FrameLease?> TakeAsync(Task<FrameLease> lease)
    {
        try
        {
            return await lease;
        }
        catch (Exception failure) when (failure is SwarmException or OperationCanceledException or ObjectDisposedException)
        {
            // The first failure is thrown by the caller.
            return null;
        }
    }

    private bool IsFrom(PeerLink peer, int hop) => hop < _peers.Length && ReferenceEquals(_peers[hop], peer);

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } reason)
        {
            // A fresh one each time: one instance thrown by several tasks would mix their stacks.
            throw new SwarmException(reason.Error, reason.Message, reason.RetryAfter, reason);
        }
    }

    private bool TryTake(ReceivedFrame frame, out HiddenRows rows)
    {
        rows = null!;
        var header = frame.Header;
        ExpectedResult expected;
        lock (_lock)
        {
            if (header.Epoch != _epoch)
            {
                return false;
            }

            if (!_expected.TryDequeue(out expected) || expected.Step != header.Step || expected.Position != header.Position || expected.Rows != header.Rows)
            {
                throw new SwarmException(SwarmError.OutOfOrder, $"{Chain[^1]} sent the result of step {header.Step} at position {header.Position} out of order.");
            }

            var now = _ring.Time.GetTimestamp();
            var seconds = _ring.Time.GetElapsedTime(expected.Sent, now).TotalSeconds;
            SwarmInstruments.CameRound(expected.IsPrefill, seconds);
            // A slow step counts at once, a fast one slowly: the bound should not shrink because of a few lucky ones.
            _usualStepSeconds = seconds > _usualStepSeconds ? seconds : (_usualStepSeconds * 0.9) + (seconds * 0.1);
            Volatile.Write(ref _lastSign, now);
        }

        if (!_codec.TryDecode(frame.Payload, header.Rows, header.Width, out var decoded))
        {
            throw new SwarmException(SwarmError.NotFinite, $"{Chain[^1]} sent NaN or infinity.");
        }

        rows = decoded;
        return true;
    }

    private async Task CloseOnceAsync()
    {
        // The caller holds the lock.
        await Task.Yield();
        try
        {
            _results.Writer.TryComplete();
            if (_asked)
            {
                await Task.WhenAll(Enumerable.Range(0, Chain.Count).Select(CloseStageAsync));
            }
        }
        finally
        {
            FirstHopRoundTrip = _firstDecode?.Link.RoundTrip;
            Usage = [.. Enumerable.Range(0, Chain.Count).Select(AccountOf)];
            _ring.Forget(this);
            SwarmInstruments.SessionEnded("coordinator", _failure);
            if (_isOpen)
            {
                _ring.Uncount();
            }

            _firstDecode?.Dispose();
            _firstBulk?.Dispose();
            _back?.Dispose();
            foreach (var peer in _peers)
            {
                peer.Release();
            }

            while (_results.Reader.TryRead(out var frame))
            {
                frame.Return();
            }
        }
    }

    private async Task CloseStageAsync(int hop)
    {
        try
        {
            await _peers[hop].SendAsync(new CloseMessage(Id, hop)).AsTask().WaitAsync(_ring.Options.CloseBound, _ring.Time);
            if (_failure is null)
            {
                await _accounts[hop].Task.WaitAsync(_ring.Options.CloseBound, _ring.Time);
            }
        }
        catch (Exception failure) when (failure is SwarmException or TimeoutException or OperationCanceledException)
        {
            // The node is gone or slow; it frees the session by itself when its stream to us breaks.
        }
    }

    private StageUsage AccountOf(int hop)
    {
        var stage = Chain[hop];
        return _accounts[hop].Task is { IsCompletedSuccessfully: true } done
            ? Read(stage, done)
            : new StageUsage(stage.Peer.Id, stage.Span, 0, TimeSpan.Zero, 0, 0);

        StageUsage Read(ChainStage stage, Task<ClosedMessage> done)
        {
            // Completed: this does not block.
            var account = done.GetAwaiter().GetResult();
            return new StageUsage(stage.Peer.Id, stage.Span, account.Rows, account.ComputeTime, account.BytesIn, account.BytesOut, hop == Chain.Count - 1 ? _back?.Link.RoundTrip : account.RoundTrip);
        }
    }
}
