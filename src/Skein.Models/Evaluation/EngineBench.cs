using System.Diagnostics;
using Skein.Engine.Edge;
using Skein.Engine.Lanes;
using Skein.Engine.Stages;
using Skein.Engine.Whole;

namespace Skein.Models.Evaluation;

/// <summary>Tokens a second of the whole model and of a chain in one process, in one interleaved run: <c>skein bench engine</c>.</summary>
/// <remarks>
/// The two take turns token by token, so that what else happens on the machine slows both alike. Files matter too: pages of a mapped file may be large or small,
/// as memory was when they were read or written, and that alone moves a run by several per cent. A whole model and stages that lie in the same cache are comparable.
/// </remarks>
public static class EngineBench
{
    private const int Prompt = 16;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What.</param>
    /// <param name="progress">Told in words what is being done; null if nobody asks.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model cannot be loaded or computed.</exception>
    public static async Task<EngineBenchReport> RunAsync(ModelHandle model, EngineBenchOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Runs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Tokens, 1);
        var lanes = options.Lanes ?? ComputeLanes.Shared;
        var cuts = options.Cuts ?? [model.BlockCount / 3, model.BlockCount * 2 / 3];
        var length = Prompt + options.Tokens;
        progress?.Report("loading");
        using var tokenizer = await model.LoadTokenizerAsync(cancellationToken);
        var prompt = tokenizer.Tokenize(EvaluationText.Prompt, addSpecial: true, parseSpecial: false)[..Prompt];
        var path = await model.AssembleWholeAsync(cancellationToken);
        using var whole = await Task.Run(() => WholeModel.Load(path, new WholeModelOptions { Tokens = length, MaxRows = Prompt, Threads = lanes.Threads }), cancellationToken);
        var stageOptions = new EngineStageOptions { KvTokenBudget = length, MaxSequences = 1, MaxStepRows = Prompt, Lanes = lanes };
        var chain = await LocalChain.LoadAsync(model, cuts, stageOptions, new EdgeStageOptions { EmbeddingRows = Prompt, HeadRows = Prompt, Lanes = lanes }, cancellationToken);
        await using (chain)
        {
            var sequence = await chain.OpenAsync(length, cancellationToken);
            await using (sequence)
            {
                var wholeTimes = new List<TimeSpan>();
                var chainTimes = new List<TimeSpan>();
                var handovers = new List<double>();

                // The first run only warms up.
                for (var run = 0; run <= options.Runs; run++)
                {
                    progress?.Report(run == 0 ? "warming up" : $"run {run} of {options.Runs}");
                    var (wholeTime, chainTime, handover) = await RunAsync(whole, chain, sequence, prompt, options.Tokens, cancellationToken);
                    if (run > 0)
                    {
                        wholeTimes.Add(wholeTime);
                        chainTimes.Add(chainTime);
                        handovers.Add(handover);
                    }
                }

                var wholeMedian = Median(wholeTimes.Select(time => time.TotalSeconds)) / options.Tokens;
                var chainMedian = Median(chainTimes.Select(time => time.TotalSeconds)) / options.Tokens;
                return new EngineBenchReport(
                    model.Name,
                    cuts,
                    chain.Stages[0].Info.EngineClass,
                    lanes.Threads,
                    options.Runs,
                    options.Tokens,
                    1 / wholeMedian,
                    1 / chainMedian,
                    wholeMedian / chainMedian,
                    (chainMedian - wholeMedian) * 1e6,
                    Median(handovers));
            }
        }
    }

    private static async Task<(TimeSpan Whole, TimeSpan Chain, double HandoverUs)> RunAsync(
        WholeModel whole, LocalChain chain, ChainSequence sequence, int[] prompt, int tokens, CancellationToken cancellationToken)
    {
        whole.Clear();
        await sequence.ClearAsync(cancellationToken);
        WholeStep(whole, prompt, 0);
        int next;
        using (var logits = await sequence.ForwardAsync(prompt, HopCodec.F32, cancellationToken))
        {
            next = LogitComparison.Likeliest(logits.Row(logits.Rows - 1));
        }

        var token = new int[1];
        var wholeTime = TimeSpan.Zero;
        var chainTime = TimeSpan.Zero;
        var inStages = TimeSpan.Zero;
        var computed = Computed(chain);
        for (var i = 0; i < tokens; i++)
        {
            token[0] = next;
            var started = Stopwatch.GetTimestamp();
            WholeStep(whole, token, prompt.Length + i);
            wholeTime += Stopwatch.GetElapsedTime(started);

            started = Stopwatch.GetTimestamp();
            using var rows = await sequence.RunBlocksAsync(token, HopCodec.F32, cancellationToken);
            inStages += Stopwatch.GetElapsedTime(started);
            using var logits = await chain.Edge.ComputeLogitsAsync(rows, cancellationToken);
            next = LogitComparison.Likeliest(logits.Span);
            chainTime += Stopwatch.GetElapsedTime(started);
        }

        // Embedding is one more such handover, so it counts as a stage.
        var handover = (inStages - (Computed(chain) - computed)).TotalMicroseconds / tokens / (chain.Stages.Count + 1);
        return (wholeTime, chainTime, handover);
    }

    private static int WholeStep(WholeModel whole, int[] tokens, int first)
    {
        var logits = whole.Forward([.. tokens.Select((token, i) => new WholeRow(token, first + i, 0))]);
        return LogitComparison.Likeliest(logits[^whole.VocabularySize..]);
    }

    private static TimeSpan Computed(LocalChain chain)
        => chain.Stages.Aggregate(chain.Edge.EmbeddingTime, (sum, stage) => sum + stage.Counters.ComputeTime);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
