using Skein.Core.Hidden;
using Skein.Core.Stages;

namespace Skein.Engine.Stages;

/// <summary>One sequence of an <see cref="EngineStage"/>. One caller at a time; a second one is refused, not corrupted.</summary>
public sealed class EngineSequence : IStageSequence
{
    private readonly EngineStage _stage;
    private int _busy;
    private int _disposed;
    private volatile bool _poisoned;
    private volatile int _length;

    internal EngineSequence(EngineStage stage, int slot, int kvTokens)
    {
        _stage = stage;
        Slot = slot;
        KvTokens = kvTokens;
    }

    /// <inheritdoc/>
    public int Length => _length;

    /// <inheritdoc/>
    public int KvTokens { get; }

    /// <summary>Whether only disposing is left.</summary>
    public bool IsPoisoned => _poisoned;

    /// <summary>The native sequence.</summary>
    internal int Slot { get; }

    /// <inheritdoc/>
    public async ValueTask<HiddenRows> StepAsync(HiddenRows rows, int first, StepKind kind, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginStep(rows, first);

        // From here on the lane ends the step.
        Task<HiddenRows> task;
        try
        {
            task = _stage.Submit(new StepWork(this, rows, first, kind, cancellationToken));
        }
        catch (StageException)
        {
            EndStep();
            throw;
        }

        return await task;
    }

    /// <inheritdoc/>
    public async ValueTask TruncateAsync(int length, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginStep();
        try
        {
            if (length < 0 || length > _length)
            {
                throw new StageException(StageError.BadPosition, $"A sequence of {_length} positions cannot be cut to {length}.");
            }

            if (length < _length)
            {
                await _stage.RunControlAsync(kv =>
                {
                    var canGoOn = kv.Truncate(Slot, length);
                    _length = length;
                    if (!canGoOn)
                    {
                        _poisoned = true;
                        throw new StageException(StageError.Poisoned, $"The sliding window no longer holds what positions before {length} look back to; open a new sequence.");
                    }
                });
            }
        }
        finally
        {
            EndStep();
        }
    }

    /// <summary>Opens another sequence that begins with this one's positions; their keys and values are shared, not copied.</summary>
    /// <param name="length">How many positions it takes over, 0 to <see cref="Length"/>.</param>
    /// <param name="kvTokens">Positions to reserve for it, the shared ones included.</param>
    /// <param name="cancellationToken">Safe: either a sequence was opened or nothing happened.</param>
    /// <exception cref="StageException">As of <see cref="IStage.OpenSequenceAsync"/>, or <see cref="StageError.BadPosition"/>.</exception>
    public async ValueTask<EngineSequence> ForkAsync(int length, int kvTokens, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginStep();
        try
        {
            if (length < 0 || length > _length || length > kvTokens)
            {
                throw new StageException(StageError.BadPosition, $"{length} of {_length} positions cannot be shared with a sequence of {kvTokens}.");
            }

            var fork = _stage.Open(kvTokens);
            await _stage.RunControlAsync(kv =>
            {
                if (length > 0)
                {
                    kv.Share(Slot, fork.Slot, length);
                }

                fork._length = length;
            });
            return fork;
        }
        finally
        {
            EndStep();
        }
    }

    /// <summary>Writes keys and values out, for a stage of the same span and engine class.</summary>
    public async ValueTask<SequenceState> ExportAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginStep();
        try
        {
            SequenceState? state = null;
            await _stage.RunControlAsync(kv => state = kv.Export(Slot, _length));
            return state!;
        }
        finally
        {
            EndStep();
        }
    }

    /// <summary>Takes keys and values that <see cref="ExportAsync"/> wrote. The sequence must be empty.</summary>
    /// <exception cref="StageException">The state does not fit this stage; the sequence stays empty.</exception>
    /// <remarks>Only for states that this process or one that it trusts wrote: the bytes are read by native code.</remarks>
    public async ValueTask ImportAsync(SequenceState state, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginStep();
        try
        {
            if (_length != 0)
            {
                throw new StageException(StageError.BadPosition, $"Only an empty sequence can take a state; this one holds {_length} positions.");
            }

            if (state.Length > KvTokens)
            {
                throw new StageException(StageError.SequenceFull, $"A state of {state.Length} positions does not fit a sequence of {KvTokens}.");
            }

            await _stage.RunControlAsync(kv =>
            {
                kv.Import(Slot, state);
                _length = state.Length;
            });
        }
        finally
        {
            EndStep();
        }
    }

    /// <summary>Forgets the positions and gives the reservation back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _poisoned = true;
        try
        {
            await _stage.RunControlAsync(kv =>
            {
                kv.Close(Slot);
                _stage.Release(this);
            });
        }
        catch (StageException error) when (error.Error == StageError.Closed)
        {
            // The stage is gone and its memory with it.
        }
    }

    /// <summary>Keeps other calls out and checks the rows.</summary>
    /// <exception cref="StageException">Something is wrong; other calls may come.</exception>
    internal void BeginStep(HiddenRows rows, int first)
    {
        BeginStep();
        try
        {
            Check(rows, first);
        }
        catch
        {
            EndStep();
            throw;
        }
    }

    /// <summary>Lets the next call in. By the lane, before it completes a step.</summary>
    internal void EndStep() => Volatile.Write(ref _busy, 0);

    /// <summary>Leaves only disposing.</summary>
    internal void Poison() => _poisoned = true;

    /// <summary>Notes what a step computed.</summary>
    internal void Advance(int length) => _length = length;

    private void BeginStep()
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            throw new StageException(StageError.Closed, "The sequence was closed.");
        }

        if (_poisoned)
        {
            throw new StageException(StageError.Poisoned, "An earlier step of this sequence was cancelled or failed; open a new one.");
        }

        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new StageException(StageError.Busy, "Another call of this sequence is still running; wait for it.");
        }
    }

    private void Check(HiddenRows rows, int first)
    {
        var info = _stage.Info;
        if (rows.Width != info.Width || rows.Rows > info.MaxStepRows)
        {
            throw new StageException(StageError.BadShape, $"A step of {rows.Rows} rows of {rows.Width} values came, but this stage takes 1 to {info.MaxStepRows} rows of {info.Width}.");
        }

        if (first != _length)
        {
            throw new StageException(StageError.BadPosition, $"A step at position {first} came, but the sequence continues at {_length}.");
        }

        if (first + rows.Rows > KvTokens)
        {
            throw new StageException(StageError.SequenceFull, $"{rows.Rows} rows at position {first} do not fit the {KvTokens} tokens that were reserved.");
        }

        if (!RowCheck.IsSane(rows.Span))
        {
            throw new StageException(StageError.NotFinite, $"A row at or after position {first} holds NaN, infinity or an absurd magnitude; nothing was computed.");
        }
    }
}
