using System.Diagnostics;
using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Engine.Errors;
using Skein.Engine.Kv;
using Skein.Engine.Lanes;
using Skein.Engine.Library;
using Skein.Engine.Loading;
using Skein.Engine.Native;
using Skein.Gguf;

namespace Skein.Engine.Stages;

/// <summary>A span of blocks on llama.cpp. Thread-safe.</summary>
/// <remarks>
/// Each round gathers rows of many sequences into one batch: decode and verify rows first, then at most one chunk of a prompt. Rows are checked before native
/// code sees them and after it wrote them. Cancelling a queued step leaves nothing; cancelling a step that computes poisons its sequence, and stops the
/// computation if nobody else has rows in that batch.
/// </remarks>
public sealed class EngineStage : IStage, IComputeWork
{
    private readonly StagePart[] _parts;
    private readonly ComputeLanes _lanes;
    private readonly StageInbox _inbox = new();
    private readonly StageKv _kv;
    private readonly List<KvStep> _steps = [];
    private readonly float _rowScale;
    private readonly float[] _captured;
    private readonly List<StepWork> _batch = [];
    private IReadOnlyList<KvSegment> _segments = [];
    private readonly Lock _abortGate = new();
    private long _batches;
    private long _rows;
    private long _computeTicks;
    private bool _computing;
    private bool _broken;
    private Task? _disposal;

    private EngineStage(StageInfo info, float rowScale, StagePart[] parts, StageKv kv, ComputeLanes lanes)
    {
        Info = info;
        _rowScale = rowScale;
        _parts = parts;
        _kv = kv;
        _lanes = lanes;
        _captured = new float[parts[0].Context.Rows.Length];
    }

    /// <inheritdoc/>
    public StageInfo Info { get; }

    /// <inheritdoc/>
    public int FreeKvTokens => _kv.Ledger.Free;

    /// <summary>Sequences that are open.</summary>
    public int OpenSequences => _kv.Ledger.Sequences;

    /// <summary>Whether a batch is in llama.cpp at this moment.</summary>
    internal bool IsComputing => Volatile.Read(ref _computing);

    /// <summary>What the stage has done so far.</summary>
    public StageCounters Counters => new(Volatile.Read(ref _batches), Volatile.Read(ref _rows), TimeSpan.FromTicks(Volatile.Read(ref _computeTicks)));

    /// <summary>Loads a stage. Reads the weights from disk, so it takes a while; the loading runs on the thread pool.</summary>
    /// <param name="source">The files.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Safe, but not heeded while llama.cpp loads.</param>
    /// <exception cref="EngineException">A file is missing, refused, or not of this span.</exception>
    /// <exception cref="GgufException">A file is malformed.</exception>
    public static async Task<EngineStage> LoadAsync(StageSource source, EngineStageOptions options, CancellationToken cancellationToken)
    {
        options.Validate();
        ArgumentOutOfRangeException.ThrowIfZero(source.Parts.Count, nameof(source));

        // Our own reader comes first: it refuses malformed files by name, where the native one may end the process.
        var tensors = new List<GgufTensor>();
        foreach (var path in source.Parts)
        {
            tensors.AddRange(await GgufCheck.ReadAsync(path, cancellationToken));
        }

        return await Task.Run(() => Load(source, options, tensors), cancellationToken);
    }

    private static EngineStage Load(StageSource source, EngineStageOptions options, List<GgufTensor> tensors)
    {
        var lanes = options.Lanes ?? ComputeLanes.Shared;

        var library = EngineLibrary.Load();
        var (pages, pageSize) = StageKv.Divide(options.KvTokenBudget, options.MaxSequences, (int)Llama.MaxParallelSequences());
        var budget = pages * pageSize;

        // Decode rows and one prefill chunk share a batch, so there is room for the most of both.
        var shape = new ContextShape(budget, 2 * options.MaxStepRows, options.MaxSequences, lanes.Threads, default, IsShared: options.MaxSequences > 1);
        var parts = StagePart.LoadAll(source, shape, options.KvType);
        var limit = Math.Min(budget, parts.Min(part => part.Model.ContextLength));
        var maxSequenceTokens = options.MaxSequenceTokens == 0 ? limit : Math.Min(limit, options.MaxSequenceTokens);
        var kv = new StageKv(parts, pages, pageSize, options.MaxSequences);
        var kvType = parts[0].Context.Shape.KvType;
        var info = new StageInfo(
            source.Span,
            parts[0].Model.Width,
            options.MaxStepRows,
            maxSequenceTokens,
            budget,
            $"{library.EngineClass}/kv-{(kvType == KvCacheType.Q80 ? "q8_0" : "f16")}",
            kv.IsOrdered && parts.All(part => WidthInvariance.Holds(library.Variant, part.Context.Shape.KvType, tensors)));
        return new EngineStage(info, source.RowScale, parts, kv, lanes);
    }

    /// <inheritdoc/>
    public ValueTask<IStageSequence> OpenSequenceAsync(int kvTokens, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<IStageSequence>(Open(kvTokens));
    }

    /// <summary>Computes steps of several sequences in one batch, whatever else waits: for measuring what shared batches do to results.</summary>
    /// <param name="steps">At most one a sequence, together at most <see cref="StageInfo.MaxStepRows"/> rows.</param>
    /// <param name="cancellationToken">As of <see cref="IStageSequence.StepAsync"/>.</param>
    /// <returns>One result a step, in order. The caller disposes them.</returns>
    /// <exception cref="StageException">As of <see cref="IStageSequence.StepAsync"/>; nothing was computed if a step is malformed.</exception>
    public async Task<IReadOnlyList<HiddenRows>> StepTogetherAsync(IReadOnlyList<JointStep> steps, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (steps.Sum(step => step.Rows.Rows) > Info.MaxStepRows)
        {
            throw new StageException(StageError.BadShape, $"The steps have more than {Info.MaxStepRows} rows together.");
        }

        var works = new List<StepWork>(steps.Count);
        try
        {
            foreach (var (sequence, rows, first) in steps)
            {
                sequence.BeginStep(rows, first);
                works.Add(new StepWork(sequence, rows, first, StepKind.Decode, cancellationToken));
            }

            Submit(works);
        }
        catch (StageException)
        {
            works.ForEach(work => work.Sequence.EndStep());
            throw;
        }

        return await Task.WhenAll(works.Select(work => work.Task));
    }

    /// <summary>Stops what computes, fails what waits with <see cref="StageError.Closed"/>, frees the memory.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_abortGate)
        {
            _disposal ??= CloseAsync();
        }

        await _disposal;
    }

    /// <inheritdoc/>
    bool IComputeWork.ComputeRound()
    {
        while (_inbox.TakeControl() is { } control)
        {
            control.Run();
        }

        _batch.Clear();
        _inbox.Gather(_batch, Info.MaxStepRows);
        if (_batch.Count > 0)
        {
            try
            {
                ComputeBatch();
            }
            catch (StageException error) when (error.Error == StageError.KvBudgetExhausted)
            {
                FailBatch(error);
            }
            catch (Exception error)
            {
                // A defect here must not take the lane with it: everybody in the batch learns of it. What the KV memory holds is no longer known.
                _broken = true;
                FailBatch(new StageException(StageError.Internal, "The stage failed while computing: " + error.Message, error));
            }
        }

        return _inbox.EndRound();
    }

    /// <summary>Opens a sequence.</summary>
    internal EngineSequence Open(int kvTokens)
    {
        if (kvTokens < 1)
        {
            throw new StageException(StageError.BadShape, $"A sequence needs at least one KV token, not {kvTokens}.");
        }

        if (kvTokens > Info.MaxSequenceTokens)
        {
            throw new StageException(StageError.SequenceFull, $"A sequence of {kvTokens} tokens was asked for, but this stage holds at most {Info.MaxSequenceTokens} a sequence.");
        }

        return new EngineSequence(this, _kv.Ledger.Reserve(kvTokens), kvTokens);
    }

    /// <summary>Gives a sequence's reservation back.</summary>
    internal void Release(EngineSequence sequence) => _kv.Ledger.Release(sequence.Slot, sequence.KvTokens);

    /// <summary>Queues a step whose rows were checked.</summary>
    internal Task<HiddenRows> Submit(StepWork work)
    {
        Submit([work]);
        return work.Task;
    }

    /// <summary>Runs something on the lane, between batches.</summary>
    internal Task RunControlAsync(Action<StageKv> action)
    {
        var work = new ControlWork(() => action(_kv));
        if (_inbox.Add(work))
        {
            _lanes.Enqueue(this);
        }

        return work.Task;
    }

    private void Submit(IReadOnlyList<StepWork> works)
    {
        foreach (var work in works)
        {
            work.OnCancelled(OnCancelled);
        }

        if (_inbox.Add(works))
        {
            _lanes.Enqueue(this);
        }
    }

    private void OnCancelled(LaneWork work)
    {
        if (work.TryCancelQueued())
        {
            var step = (StepWork)work;
            _inbox.Remove(step);
            step.Sequence.EndStep();
            return;
        }

        lock (_abortGate)
        {
            // Nobody else may lose rows by it: their batch runs to its end, and the cancelled rows are thrown away.
            if (_computing && _batch.TrueForAll(other => other.IsCancellationRequested))
            {
                AbortAll();
            }
        }
    }

    private void ComputeBatch()
    {
        if (_broken)
        {
            FailBatch(new StageException(StageError.Internal, "The stage failed before; it must be loaded again."));
            return;
        }

        lock (_abortGate)
        {
            foreach (var part in _parts)
            {
                part.Context.ResetAbort();
            }

            _computing = true;
            if (_disposal is not null || _batch.TrueForAll(work => work.IsCancellationRequested))
            {
                AbortAll();
            }
        }

        DecodeOutcome outcome;
        try
        {
            var started = Stopwatch.GetTimestamp();
            outcome = DecodeBatch();
            Volatile.Write(ref _computeTicks, _computeTicks + Stopwatch.GetElapsedTime(started).Ticks);
            Volatile.Write(ref _rows, _rows + _batch.Sum(work => work.Rows.Rows));
            Volatile.Write(ref _batches, _batches + 1);
        }
        finally
        {
            lock (_abortGate)
            {
                _computing = false;
            }
        }

        if (outcome == DecodeOutcome.Computed)
        {
            Deliver();
        }
        else if (outcome == DecodeOutcome.Aborted)
        {
            foreach (var work in _batch)
            {
                work.Sequence.Poison();
                work.Sequence.EndStep();
                if (work.IsCancellationRequested)
                {
                    work.Cancel();
                }
                else
                {
                    work.Fail(Closed());
                }
            }
        }
        else
        {
            FailBatch(new StageException(StageError.ComputeFailed, $"llama.cpp failed to compute a batch of {_batch.Count} steps: {outcome}.{NativeLog.Kept()}"));
        }
    }

    private DecodeOutcome DecodeBatch()
    {
        NativeLog.Begin();
        _steps.Clear();
        foreach (var work in _batch)
        {
            _steps.Add(new KvStep(work.Sequence.Slot, work.First, work.Rows.Rows));
        }

        _segments = _kv.Prepare(_steps);
        var count = FillBatch();
        var captured = _captured.AsSpan(0, count * Info.Width);
        for (var i = 0; i < _parts.Length; i++)
        {
            if (i > 0)
            {
                CopyScaled(captured, _parts[i].Context.Rows);
            }

            var outcome = _parts[i].Context.DecodeRows(count, captured);
            if (outcome != DecodeOutcome.Computed)
            {
                _kv.CommitFailed(_steps, i);
                return outcome;
            }
        }

        _kv.Commit(_steps);
        return DecodeOutcome.Computed;
    }

    /// <summary>Writes rows, positions and sequences into the parts, in the order that the KV memory wants.</summary>
    private int FillBatch()
    {
        var width = Info.Width;
        var count = 0;
        foreach (var segment in _segments)
        {
            var work = _batch[segment.Step];
            CopyScaled(work.Rows.Span.Slice(segment.Row * width, segment.Count * width), _parts[0].Context.Rows[(count * width)..]);
            foreach (var part in _parts)
            {
                part.Context.Sequences.Slice(count, segment.Count).Fill(work.Sequence.Slot);
                for (var row = 0; row < segment.Count; row++)
                {
                    part.Context.Positions[count + row] = work.First + segment.Row + row;
                }
            }

            count += segment.Count;
        }

        return count;
    }

    private void CopyScaled(ReadOnlySpan<float> rows, Span<float> destination)
    {
        if (_rowScale == 1f)
        {
            rows.CopyTo(destination);
            return;
        }

        for (var i = 0; i < rows.Length; i++)
        {
            destination[i] = rows[i] * _rowScale;
        }
    }

    private void Deliver()
    {
        var width = Info.Width;
        var results = new HiddenRows[_batch.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = HiddenRows.Rent(_batch[i].Rows.Rows, width);
        }

        var first = 0;
        foreach (var segment in _segments)
        {
            _captured.AsSpan(first * width, segment.Count * width).CopyTo(results[segment.Step].Span[(segment.Row * width)..]);
            first += segment.Count;
        }

        for (var i = 0; i < results.Length; i++)
        {
            Deliver(_batch[i], results[i]);
        }
    }

    private void Deliver(StepWork work, HiddenRows result)
    {
        if (work.IsCancellationRequested)
        {
            result.Dispose();
            work.Sequence.Poison();
            work.Sequence.EndStep();
            work.Cancel();
        }
        else if (!RowCheck.IsFinite(result.Span))
        {
            result.Dispose();
            work.Sequence.Poison();
            work.Sequence.EndStep();
            work.Fail(new StageException(StageError.ComputeFailed, $"Blocks {Info.Span} computed NaN or infinity at position {work.First}; the sequence cannot go on."));
        }
        else
        {
            work.Sequence.Advance(work.First + result.Rows);
            work.Sequence.EndStep();
            work.Complete(result, isAlone: _batch.Count == 1);
        }
    }

    private void FailBatch(StageException error)
    {
        foreach (var work in _batch)
        {
            work.Sequence.Poison();
            work.Sequence.EndStep();
            work.Fail(error);
        }
    }

    private void AbortAll()
    {
        foreach (var part in _parts)
        {
            part.Context.Abort();
        }
    }

    private async Task CloseAsync()
    {
        foreach (var work in _inbox.Close())
        {
            work.Sequence.EndStep();
            work.Fail(Closed());
        }

        if (_computing)
        {
            AbortAll();
        }

        await _inbox.Ended;
        foreach (var part in _parts)
        {
            part.Dispose();
        }
    }

    private static StageException Closed() => new(StageError.Closed, "The stage is shutting down; use another one.");
}
