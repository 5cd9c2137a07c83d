using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Engine.Errors;
using Skein.Engine.Lanes;
using Skein.Engine.Stages;
using Skein.Engine.Tests.Parity;

namespace Skein.Engine.Tests.Stages;

[Collection(EngineCollection.Name)]
public sealed class EngineStageTests(TestModels models)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly StageFixture _fixture = new(models);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Info_OfSmolLm2_SaysWhatTheStageIs()
    {
        await using var stage = await _fixture.SmolAsync(kvTokens: 1000, sequences: 3);

        Assert.Equal((0, 5), (stage.Info.Span.First, stage.Info.Span.End));
        Assert.Equal(576, stage.Info.Width);
        Assert.Equal(1024, stage.Info.KvTokenBudget);
        Assert.EndsWith("/kv-q8_0", stage.Info.EngineClass, StringComparison.Ordinal);
        Assert.True(stage.Info.WidthInvariant);
        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("gemma3")]
    public async Task Info_OfWeightsThatNobodyMeasured_PromisesNothing(string family)
    {
        await using var stage = await _fixture.TinyAsync(family);

        Assert.False(stage.Info.WidthInvariant);
    }

    [Fact]
    public async Task OpenSequenceAsync_BeyondBudgetOrSlots_IsRefusedAndLeavesNothing()
    {
        await using var stage = await _fixture.SmolAsync(kvTokens: 512, sequences: 2);
        await using var first = await stage.OpenSequenceAsync(300, Token);

        Assert.Equal(StageError.KvBudgetExhausted, (await Assert.ThrowsAsync<StageException>(async () => await stage.OpenSequenceAsync(300, Token))).Error);
        await using var second = await stage.OpenSequenceAsync(100, Token);
        Assert.Equal(StageError.TooManySequences, (await Assert.ThrowsAsync<StageException>(async () => await stage.OpenSequenceAsync(1, Token))).Error);
        Assert.Equal(StageError.SequenceFull, (await Assert.ThrowsAsync<StageException>(async () => await stage.OpenSequenceAsync(5000, Token))).Error);
        Assert.Equal(StageError.BadShape, (await Assert.ThrowsAsync<StageException>(async () => await stage.OpenSequenceAsync(0, Token))).Error);

        await first.DisposeAsync();
        await second.DisposeAsync();
        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
        Assert.Equal(0, stage.OpenSequences);
    }

    [Fact]
    public async Task StepAsync_MalformedRows_AreRefusedAndTheSequenceGoesOn()
    {
        await using var stage = await _fixture.SmolAsync(stepRows: 16);
        await using var sequence = await stage.OpenSequenceAsync(20, Token);
        using var good = StageFixture.Rows(4, 576);

        await RefusedAsync(sequence, StageFixture.Rows(4, 575), 0, StageError.BadShape);
        await RefusedAsync(sequence, StageFixture.Rows(17, 576), 0, StageError.BadShape);
        await RefusedAsync(sequence, StageFixture.Rows(4, 576), 1, StageError.BadPosition);
        await RefusedAsync(sequence, StageFixture.Rows(4, 576), -1, StageError.BadPosition);
        foreach (var poison in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, 1e30f, -1e30f })
        {
            var rows = StageFixture.Rows(4, 576);
            rows.Span[1000] = poison;
            await RefusedAsync(sequence, rows, 0, StageError.NotFinite);
        }

        (await sequence.StepAsync(good, 0, StepKind.Decode, Token)).Dispose();
        Assert.Equal(4, sequence.Length);
        await RefusedAsync(sequence, StageFixture.Rows(16, 576), 0, StageError.BadPosition);
        (await sequence.StepAsync(StageFixture.Rows(16, 576), 4, StepKind.Prefill, Token)).Dispose();
        await RefusedAsync(sequence, StageFixture.Rows(1, 576), 20, StageError.SequenceFull);
    }

    [Fact]
    public async Task TruncateAsync_ThenOtherRowsThenTheSame_ComputesTheSameBits()
    {
        await using var stage = await _fixture.SmolAsync();
        using var rows = StageFixture.Rows(20, 576);
        using var drafts = StageFixture.Rows(5, 576, seed: 9);
        await using var sequence = await stage.OpenSequenceAsync(64, Token);
        using (var head = StageFixture.Part(rows, 0, 12))
        {
            (await sequence.StepAsync(head, 0, StepKind.Prefill, Token)).Dispose();
        }

        using var tail = StageFixture.Part(rows, 12, 8);
        using var undisturbed = await sequence.StepAsync(tail, 12, StepKind.Decode, Token);
        await sequence.TruncateAsync(12, Token);
        (await sequence.StepAsync(drafts, 12, StepKind.Decode, Token)).Dispose();
        await sequence.TruncateAsync(12, Token);
        Assert.Equal(12, sequence.Length);
        using var again = await sequence.StepAsync(tail, 12, StepKind.Decode, Token);

        Assert.Equal(undisturbed.Span.ToArray(), again.Span.ToArray());
        Assert.Equal(StageError.BadPosition, (await Assert.ThrowsAsync<StageException>(async () => await sequence.TruncateAsync(21, Token))).Error);
        Assert.Equal(StageError.BadPosition, (await Assert.ThrowsAsync<StageException>(async () => await sequence.TruncateAsync(-1, Token))).Error);
    }

    [Fact]
    public async Task ForkAsync_BothGoOn_ComputesWhatEachWouldAlone()
    {
        await using var stage = await _fixture.SmolAsync();
        using var rows = StageFixture.Rows(40, 576);
        using var others = StageFixture.Rows(10, 576, seed: 5);
        var (plain, _) = await RunAsync(stage, rows, 40);
        await using var sequence = (EngineSequence)await stage.OpenSequenceAsync(64, Token);
        using (var head = StageFixture.Part(rows, 0, 30))
        {
            (await sequence.StepAsync(head, 0, StepKind.Prefill, Token)).Dispose();
        }

        await using var fork = await sequence.ForkAsync(30, 64, Token);
        Assert.Equal(30, fork.Length);
        (await fork.StepAsync(others, 30, StepKind.Decode, Token)).Dispose();
        using var tail = StageFixture.Part(rows, 30, 10);
        using var found = await sequence.StepAsync(tail, 30, StepKind.Decode, Token);

        // Rewriting what the fork shares must not reach the fork.
        await sequence.TruncateAsync(8, Token);
        (await sequence.StepAsync(others, 8, StepKind.Decode, Token)).Dispose();
        await fork.TruncateAsync(30, Token);
        using var forked = await fork.StepAsync(tail, 30, StepKind.Decode, Token);

        Assert.Equal(plain.AsSpan(30 * 576).ToArray(), found.Span.ToArray());
        Assert.Equal(plain.AsSpan(30 * 576).ToArray(), forked.Span.ToArray());
    }

    [Fact]
    public async Task ImportAsync_OfAnExportedState_GoesOnWithTheSameBits()
    {
        await using var source = await _fixture.SmolAsync();
        await using var target = await _fixture.SmolAsync();
        using var rows = StageFixture.Rows(40, 576);
        var (plain, _) = await RunAsync(source, rows, 40);
        await using var from = (EngineSequence)await source.OpenSequenceAsync(64, Token);
        using (var head = StageFixture.Part(rows, 0, 33))
        {
            (await from.StepAsync(head, 0, StepKind.Prefill, Token)).Dispose();
        }

        var state = await from.ExportAsync(Token);
        await using var neighbour = await target.OpenSequenceAsync(64, Token);
        using (var noise = StageFixture.Rows(7, 576, seed: 3))
        {
            (await neighbour.StepAsync(noise, 0, StepKind.Prefill, Token)).Dispose();
        }

        await using var to = (EngineSequence)await target.OpenSequenceAsync(64, Token);
        await to.ImportAsync(state, Token);
        using var tail = StageFixture.Part(rows, 33, 7);
        using var found = await to.StepAsync(tail, 33, StepKind.Decode, Token);

        Assert.Equal(40, to.Length);
        Assert.Equal(plain.AsSpan(33 * 576).ToArray(), found.Span.ToArray());
    }

    [Fact]
    public async Task ImportAsync_OfStatesThatDoNotFit_IsRefusedAndTheStageGoesOn()
    {
        await using var stage = await _fixture.SmolAsync();
        await using var other = await _fixture.TinyAsync("qwen3");
        using var rows = StageFixture.Rows(10, 576);
        var (plain, _) = await RunAsync(stage, rows, 10);
        await using var good = (EngineSequence)await stage.OpenSequenceAsync(64, Token);
        (await good.StepAsync(rows, 0, StepKind.Prefill, Token)).Dispose();
        var state = await good.ExportAsync(Token);
        await using var foreign = (EngineSequence)await other.OpenSequenceAsync(64, Token);
        using (var small = StageFixture.Rows(10, 64))
        {
            (await foreign.StepAsync(small, 0, StepKind.Prefill, Token)).Dispose();
        }

        var bytes = state.Parts[0].ToArray();
        SequenceState[] bad =
        [
            await foreign.ExportAsync(Token),
            new(10, [bytes.AsMemory(0, bytes.Length - 1)]),
            new(10, [bytes.AsMemory(0, 100)]),
            new(10, [ReadOnlyMemory<byte>.Empty]),
            new(9, [bytes]),
            new(10, []),
            new(0, [bytes]),
        ];
        await using var sequence = (EngineSequence)await stage.OpenSequenceAsync(64, Token);
        foreach (var wrong in bad)
        {
            Assert.Equal(StageError.BadShape, (await Assert.ThrowsAsync<StageException>(async () => await sequence.ImportAsync(wrong, Token))).Error);
            Assert.Equal(0, sequence.Length);
        }

        await sequence.ImportAsync(state, Token);
        var (again, _) = await RunAsync(stage, rows, 10);
        Assert.Equal(plain, again);
    }

    [Fact]
    public async Task StepAsync_CancelledWhileQueued_LeavesTheSequenceAsItWas()
    {
        using var lanes = new ComputeLanes(Environment.ProcessorCount);
        var stage = await _fixture.SmolAsync(lanes: lanes);
        await using (stage)
        {
            await using var busy = await stage.OpenSequenceAsync(256, Token);
            await using var waiting = await stage.OpenSequenceAsync(64, Token);
            using var many = StageFixture.Rows(256, 576);
            using var one = StageFixture.Rows(1, 576);
            using var cancel = new CancellationTokenSource();
            var long1 = busy.StepAsync(many, 0, StepKind.Prefill, Token).AsTask();
            var queued = waiting.StepAsync(one, 0, StepKind.Prefill, cancel.Token).AsTask();
            await cancel.CancelAsync();

            // It was queued behind a chunk of 256 rows, unless the machine stood still for as long as that takes.
            var cancelled = await Record.ExceptionAsync(() => queued);
            (await long1).Dispose();
            if (cancelled is OperationCanceledException && waiting is EngineSequence { IsPoisoned: false })
            {
                Assert.Equal(0, waiting.Length);
                (await waiting.StepAsync(one, 0, StepKind.Decode, Token)).Dispose();
                Assert.Equal(1, waiting.Length);
            }
            else
            {
                Assert.Skip("The first step ended before the second was cancelled.");
            }
        }
    }

    [Fact]
    public async Task StepAsync_CancelledWhileComputing_StopsAndPoisonsOnlyItsSequence()
    {
        await using var stage = await _fixture.SmolAsync(kvTokens: 4096, stepRows: 1024);
        using var rows = StageFixture.Rows(10, 576);
        var (plain, _) = await RunAsync(stage, rows, 10);
        await using var sequence = (EngineSequence)await stage.OpenSequenceAsync(1024, Token);
        using var many = StageFixture.Rows(1024, 576);
        using var cancel = new CancellationTokenSource();
        var batches = stage.Counters.Batches;
        var step = sequence.StepAsync(many, 0, StepKind.Prefill, cancel.Token).AsTask();
        Assert.True(SpinWait.SpinUntil(() => stage.IsComputing, Patience), "the step never began to compute");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => step.WaitAsync(Patience, Token));

        Assert.True(sequence.IsPoisoned);
        Assert.Equal(batches + 1, stage.Counters.Batches);
        using var one = StageFixture.Rows(1, 576);
        Assert.Equal(StageError.Poisoned, (await Assert.ThrowsAsync<StageException>(async () => await sequence.StepAsync(one, 0, StepKind.Decode, Token))).Error);
        await sequence.DisposeAsync();
        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
        var (again, _) = await RunAsync(stage, rows, 10);
        Assert.Equal(plain, again);
    }

    [Fact]
    public async Task StepAsync_TwiceAtOnce_RefusesTheSecond()
    {
        await using var stage = await _fixture.SmolAsync();
        await using var sequence = await stage.OpenSequenceAsync(256, Token);
        using var many = StageFixture.Rows(200, 576);
        using var one = StageFixture.Rows(1, 576);
        var first = sequence.StepAsync(many, 0, StepKind.Prefill, Token).AsTask();
        var second = await Record.ExceptionAsync(async () => (await sequence.StepAsync(one, 0, StepKind.Decode, Token)).Dispose());
        (await first).Dispose();

        // A very slow machine may have finished the first: then the position is wrong instead.
        var error = Assert.IsType<StageException>(second).Error;
        Assert.True(error is StageError.Busy or StageError.BadPosition, $"{error}");
    }

    [Fact]
    public async Task DisposeAsync_WhileStepsWaitAndCompute_FailsThemAsClosed()
    {
        var stage = await _fixture.SmolAsync(kvTokens: 4096, stepRows: 1024);
        var sequences = new List<IStageSequence>();
        var steps = new List<Task>();
        using var many = StageFixture.Rows(1000, 576);
        for (var i = 0; i < 4; i++)
        {
            sequences.Add(await stage.OpenSequenceAsync(1000, Token));
            steps.Add(sequences[i].StepAsync(many, 0, StepKind.Prefill, Token).AsTask());
        }

        Assert.True(SpinWait.SpinUntil(() => stage.IsComputing, Patience), "no step began to compute");
        await stage.DisposeAsync().AsTask().WaitAsync(Patience, Token);

        var closed = 0;
        foreach (var step in steps)
        {
            closed += await Record.ExceptionAsync(() => step) is StageException { Error: StageError.Closed } ? 1 : 0;
        }

        Assert.InRange(closed, 3, 4);
        foreach (var sequence in sequences)
        {
            await sequence.DisposeAsync();
        }

        await stage.DisposeAsync();
        using var one = StageFixture.Rows(1, 576);
        await Assert.ThrowsAsync<StageException>(async () => await sequences[0].StepAsync(one, 0, StepKind.Decode, Token));
    }

    [Fact]
    public async Task StepAsync_OfManySequencesAtOnce_GivesEachWhatItGetsAlone()
    {
        await using var stage = await _fixture.SmolAsync(kvTokens: 2048, sequences: 8);
        var inputs = Enumerable.Range(0, 8).Select(i => StageFixture.Rows(40, 576, seed: 100 + i)).ToArray();
        var alone = new List<float[]>();
        foreach (var input in inputs)
        {
            alone.Add((await RunAsync(stage, input, chunk: 1)).Values);
        }

        var before = stage.Counters;
        var together = await Task.WhenAll(inputs.Select((input, i) => Task.Run(() => RunAsync(stage, input, chunk: i % 2 == 0 ? 1 : 13), Token)));

        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(alone[i], together[i].Values);
            inputs[i].Dispose();
        }

        Assert.True(stage.Counters.Rows - before.Rows > stage.Counters.Batches - before.Batches, "no batch held more than one row");
        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
    }

    [Fact]
    public async Task StepAsync_WithNeighboursThatCancelAtAnyMoment_GivesEachWhatItGetsAlone()
    {
        await using var stage = await _fixture.SmolAsync(kvTokens: 2048, sequences: 8, stepRows: 64);
        using var rows = StageFixture.Rows(48, 576);
        var (plain, _) = await RunAsync(stage, rows, 3);
        using var stop = new CancellationTokenSource();
        var cancelled = 0;
        var nuisances = Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            var random = new Random(i);
            using var noise = StageFixture.Rows(40, 576, seed: 50 + i);
            while (!stop.IsCancellationRequested)
            {
                await using var sequence = await stage.OpenSequenceAsync(100, Token);
                for (var first = 0; first < 80; first += 40)
                {
                    using var cancel = new CancellationTokenSource(TimeSpan.FromMicroseconds(random.Next(1, 20_000)));
                    if (await Record.ExceptionAsync(async () => (await sequence.StepAsync(noise, first, StepKind.Prefill, cancel.Token)).Dispose()) is not null)
                    {
                        Interlocked.Increment(ref cancelled);
                        break;
                    }
                }
            }
        }, Token)).ToArray();
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(plain, (await RunAsync(stage, rows, 3)).Values);
        }

        await stop.CancelAsync();
        await Task.WhenAll(nuisances).WaitAsync(Patience, Token);
        Assert.True(cancelled > 0, "nothing was ever cancelled");
        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
        Assert.Equal(plain, (await RunAsync(stage, rows, 48)).Values);
    }

    [Fact]
    public async Task StepAsync_BeyondTheReachOfOtherKernels_WidthChangesNoBit()
    {
        // From 64 rows of a batch, and from 512 positions on, flash attention has other paths for f16; q8_0 must take none of them.
        await using var stage = await _fixture.SmolAsync(kvTokens: 704, sequences: 1);
        using var rows = StageFixture.Rows(640, 576);
        var (narrow, _) = await RunAsync(stage, rows, chunk: 1);

        Assert.Equal(narrow, (await RunAsync(stage, rows, chunk: 7)).Values);
        Assert.Equal(narrow, (await RunAsync(stage, rows, chunk: 256)).Values);
    }

    [Fact]
    public async Task StepAsync_OfSeveralStagesSideBySide_GivesEachWhatItGetsAlone()
    {
        using var rows = StageFixture.Rows(64, 576);
        var stages = new List<EngineStage>();
        try
        {
            for (var i = 0; i < 3; i++)
            {
                stages.Add(await _fixture.SmolAsync());
            }

            var (plain, _) = await RunAsync(stages[0], rows, 4);
            var found = await Task.WhenAll(stages.Select(stage => Task.Run(() => RunAsync(stage, rows, 4), Token)));

            Assert.All(found, one => Assert.Equal(plain, one.Values));
        }
        finally
        {
            foreach (var stage in stages)
            {
                await stage.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task OpenAndClose_ManyTimesWithChangingLengths_LeavesNothingBehind()
    {
        await using var stage = await _fixture.TinyAsync("qwen3", kvTokens: 256, sequences: 4);
        using var rows = StageFixture.Rows(60, 64);
        var (plain, _) = await RunAsync(stage, rows, 60);
        var random = new Random(7);
        var open = new List<(IStageSequence Sequence, int Kv)>();
        for (var i = 0; i < 200; i++)
        {
            if (open.Count == 4 || (open.Count > 0 && random.Next(2) == 0))
            {
                var index = random.Next(open.Count);
                await open[index].Sequence.DisposeAsync();
                open.RemoveAt(index);
            }
            else
            {
                var count = random.Next(1, 60);
                var sequence = await stage.OpenSequenceAsync(count, Token);
                using var part = StageFixture.Part(rows, 0, count);
                using var result = await sequence.StepAsync(part, 0, StepKind.Prefill, Token);
                Assert.Equal(count, sequence.Length);
                open.Add((sequence, count));
            }
        }

        foreach (var (sequence, _) in open)
        {
            await sequence.DisposeAsync();
        }

        Assert.Equal(stage.Info.KvTokenBudget, stage.FreeKvTokens);
        var (again, _) = await RunAsync(stage, rows, 60);
        Assert.Equal(plain, again);
    }

    [Fact]
    public async Task TruncateAsync_OfASlidingWindowModel_GoesOnWithTheSameBits()
    {
        await using var stage = await _fixture.TinyAsync("gemma3");
        using var rows = StageFixture.Rows(60, 64);
        var (plain, _) = await RunAsync(stage, rows, 60);
        await using var sequence = await stage.OpenSequenceAsync(60, Token);
        using (var head = StageFixture.Part(rows, 0, 50))
        {
            (await sequence.StepAsync(head, 0, StepKind.Prefill, Token)).Dispose();
        }

        await sequence.TruncateAsync(40, Token);
        using var tail = StageFixture.Part(rows, 40, 20);
        using var found = await sequence.StepAsync(tail, 40, StepKind.Prefill, Token);

        // Float weights compute other bits in other batches: near is what can be asked.
        Assert.All(plain.Skip(40 * 64).Zip(found.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 0.02));
    }

    [Fact]
    public async Task LoadAsync_OfMissingOrMalformedFiles_SaysWhich()
    {
        var missing = await Assert.ThrowsAsync<EngineException>(() => EngineStage.LoadAsync(new StageSource(new(0, 1), ["nowhere.gguf"]), new EngineStageOptions(), Token));
        Assert.Equal(EngineError.FileMissing, missing.Error);
        Assert.Contains("nowhere.gguf", missing.Message, StringComparison.Ordinal);

        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, [1, 2, 3, 4, 5], Token);
            await Assert.ThrowsAsync<Skein.Gguf.GgufException>(() => EngineStage.LoadAsync(new StageSource(new(0, 1), [path]), new EngineStageOptions(), Token));
        }
        finally
        {
            File.Delete(path);
        }

        var wrong = await Assert.ThrowsAsync<EngineException>(() => EngineStage.LoadAsync(new StageSource(new(0, 1), [SharedData.Tiny("llama")]), new EngineStageOptions { KvTokenBudget = 64 }, Token));
        Assert.Equal(EngineError.WrongModel, wrong.Error);
    }

    private static async Task RefusedAsync(IStageSequence sequence, HiddenRows rows, int first, StageError expected)
    {
        var length = sequence.Length;
        using (rows)
        {
            Assert.Equal(expected, (await Assert.ThrowsAsync<StageException>(async () => await sequence.StepAsync(rows, first, StepKind.Decode, Token))).Error);
        }

        Assert.Equal(length, sequence.Length);
    }

    private static async Task<(float[] Values, int Steps)> RunAsync(EngineStage stage, HiddenRows rows, int chunk)
    {
        var values = new float[rows.Rows * rows.Width];
        var steps = 0;
        await using var sequence = await stage.OpenSequenceAsync(rows.Rows, Token);
        for (var first = 0; first < rows.Rows; first += chunk)
        {
            using var part = StageFixture.Part(rows, first, Math.Min(chunk, rows.Rows - first));
            using var result = await sequence.StepAsync(part, first, chunk > 8 ? StepKind.Prefill : StepKind.Decode, Token);
            result.Span.CopyTo(values.AsSpan(first * rows.Width));
            steps++;
        }

        return (values, steps);
    }
}
