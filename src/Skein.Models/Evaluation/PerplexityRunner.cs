using Skein.Core.Hidden;
using Skein.Engine.Edge;
using Skein.Engine.Lanes;
using Skein.Engine.Loading;
using Skein.Engine.Stages;

namespace Skein.Models.Evaluation;

/// <summary>Perplexity of a text through a chain, by the rules of llama.cpp's own tool.</summary>
/// <remarks>
/// Windows of 512 tokens, each a sequence of its own that begins with the model's first token if it has one; the second half of each is scored. Keys and
/// values are f16, a window is one batch, and so is its scored half in the head, as the tool does it by default: some weights compute other bits in other batches.
/// </remarks>
public static class PerplexityRunner
{
    private const int Window = 512;
    private const int FirstScored = Window / 2;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cuts">Where to cut it.</param>
    /// <param name="text">The text; at least two windows long.</param>
    /// <param name="windows">The most windows to score.</param>
    /// <param name="lanes">The threads that compute; null for the process's own.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="ArgumentException">The text is too short.</exception>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model cannot be loaded or computed.</exception>
    public static async Task<PerplexityReport> RunAsync(ModelHandle model, IReadOnlyList<int> cuts, string text, int windows, ComputeLanes? lanes, CancellationToken cancellationToken)
    {
        using var tokenizer = await model.LoadTokenizerAsync(cancellationToken);
        var tokens = tokenizer.Tokenize(text, addSpecial: true, parseSpecial: false);
        var count = Math.Min(windows, tokens.Length / Window);
        if (count < 1)
        {
            throw new ArgumentException($"The text has {tokens.Length} tokens, but a window needs {Window}.", nameof(text));
        }

        var stageOptions = new EngineStageOptions { KvTokenBudget = Window, MaxSequences = 1, MaxStepRows = Window, KvType = KvCacheType.F16, Lanes = lanes };
        var edgeOptions = new EdgeStageOptions { EmbeddingRows = Window, HeadRows = FirstScored, Lanes = lanes };
        var chain = await LocalChain.LoadAsync(model, cuts, stageOptions, edgeOptions, cancellationToken);
        await using (chain)
        {
            double sum = 0;
            var scored = 0;
            for (var window = 0; window < count; window++)
            {
                var part = tokens[(window * Window)..((window + 1) * Window)];
                if (tokenizer is { AddsBeginOfSequence: true, BeginOfSequence: { } begin })
                {
                    part = [begin, .. part[1..]];
                }

                // The first token is replaced for the input only; what is scored are the others.
                sum += await ScoreAsync(chain, part, cancellationToken);
                scored += Window - FirstScored - 1;
            }

            return new PerplexityReport(model.Name, chain.Stages[0].Info.EngineClass, cuts, count, scored, Math.Exp(sum / scored));
        }
    }

    private static async Task<double> ScoreAsync(LocalChain chain, int[] tokens, CancellationToken cancellationToken)
    {
        var sequence = await chain.OpenAsync(Window, cancellationToken);
        await using (sequence)
        {
            using var rows = await sequence.RunBlocksAsync(tokens, HopCodec.F32, cancellationToken);
            using var half = HiddenRows.CopyOf(rows.Span[(FirstScored * rows.Width)..], Window - FirstScored, rows.Width);
            using var logits = await chain.Edge.ComputeLogitsAsync(half, cancellationToken);
            double sum = 0;
            for (var i = 0; i < logits.Rows - 1; i++)
            {
                sum += NegativeLogLikelihood(logits.Row(i), tokens[FirstScored + i + 1]);
            }

            return sum;
        }
    }

    private static double NegativeLogLikelihood(ReadOnlySpan<float> logits, int token)
    {
        var top = logits[LogitComparison.Likeliest(logits)];
        double sum = 0;
        foreach (var logit in logits)
        {
            sum += MathF.Exp(logit - top);
        }

        return Math.Log(sum) - (logits[token] - top);
    }
}
