using Skein.Core.Hidden;
using Skein.Core.Identity;
using Skein.Core.Stages;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>A stage whose every output depends on all rows before it, exactly, however they were cut into steps.</summary>
public sealed class FakeStage : IStage
{
    private int _reserved;
    private int _open;

    public FakeStage(BlockSpan span, int width = FakeModel.Width, int budget = 4096, int maxSequenceTokens = 2048, int maxStepRows = 256)
    {
        Info = new StageInfo(span, width, maxStepRows, maxSequenceTokens, budget, "fake-1", true);
    }

    public StageInfo Info { get; }

    public int FreeKvTokens => Info.KvTokenBudget - Volatile.Read(ref _reserved);

    public int OpenSequences => Volatile.Read(ref _open);

    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>Runs before each step.</summary>
    public Func<StepKind, int, CancellationToken, Task>? BeforeStep { get; set; }

    /// <summary>May spoil the result of a step.</summary>
    public Action<int, HiddenRows>? AfterStep { get; set; }

    private long _steps;

    public async ValueTask<IStageSequence> OpenSequenceAsync(int kvTokens, CancellationToken cancellationToken)
    {
        await Task.Yield();
        if (Interlocked.Add(ref _reserved, kvTokens) > Info.KvTokenBudget)
        {
            Interlocked.Add(ref _reserved, -kvTokens);
            throw new StageException(StageError.KvBudgetExhausted, $"No room for {kvTokens} tokens.");
        }

        Interlocked.Increment(ref _open);
        return new Sequence(this, kvTokens);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The arithmetic, for one row after a history.</summary>
    public static void Compute(BlockSpan span, ReadOnlySpan<float> row, Span<float> memory, Span<float> output)
    {
        for (var j = 0; j < row.Length; j++)
        {
            memory[j] = (memory[j] * 0.75f) + row[j];
            output[j] = (row[j] * 0.5f) + (memory[j] * 0.25f) + ((span.First + 1) * 0.01f);
        }
    }

    private sealed class Sequence(FakeStage stage, int kvTokens) : IStageSequence
    {
        private readonly List<float[]> _memory = [];
        private int _running;
        private int _disposed;

        public int Length => _memory.Count;

        public int KvTokens { get; } = kvTokens;

        public async ValueTask<HiddenRows> StepAsync(HiddenRows rows, int first, StepKind kind, CancellationToken cancellationToken)
        {
            if (Interlocked.Exchange(ref _running, 1) != 0)
            {
                throw new InvalidOperationException("Two steps of one sequence overlap.");
            }

            if (first != Length || first + rows.Rows > KvTokens)
            {
                throw new StageException(StageError.BadPosition, "Wrong position.");
            }

            if (stage.BeforeStep is { } before)
            {
                await before(kind, first, cancellationToken);
            }
            else
            {
                await Task.Yield();
            }

            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Increment(ref stage._steps);
            var result = HiddenRows.Rent(rows.Rows, rows.Width);
            for (var i = 0; i < rows.Rows; i++)
            {
                var memory = _memory.Count > 0 ? (float[])_memory[^1].Clone() : new float[rows.Width];
                Compute(stage.Info.Span, rows.Row(i), memory, result.Row(i));
                _memory.Add(memory);
            }

            stage.AfterStep?.Invoke(first, result);
            Volatile.Write(ref _running, 0);
            return result;
        }

        public ValueTask TruncateAsync(int length, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
            _memory.RemoveRange(length, Length - length);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Add(ref stage._reserved, -KvTokens);
                Interlocked.Decrement(ref stage._open);
            }

            return ValueTask.CompletedTask;
        }
    }
}
