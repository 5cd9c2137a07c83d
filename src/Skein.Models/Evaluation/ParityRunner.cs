using Skein.Core.Hidden;
using Skein.Engine.Edge;
using Skein.Engine.Stages;
using Skein.Engine.Tokenizing;
using Skein.Engine.Whole;

namespace Skein.Models.Evaluation;

/// <summary>Compares the whole model with a chain of stages, and the chain with itself in other batches: <c>skein parity</c>.</summary>
/// <remarks>
/// The whole model and the chain see the same tokens in the same steps: one prefill, then the whole model's likeliest tokens one at a time. A head's batches
/// are as wide as the whole model's, because some weights compute other bits in wider batches.
/// </remarks>
public static class ParityRunner
{
    private const int MaxPrompt = 256;

    // Wide enough that attention crosses blocks of its KV loop, short enough that eight sequences take seconds.
    private const int SequencePositions = 48;

    /// <summary>Measures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">What.</param>
    /// <param name="progress">Told in words what is being done; null if nobody asks.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model cannot be loaded or computed.</exception>
    public static async Task<ParityReport> RunAsync(ModelHandle model, ParityOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PromptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.PromptTokens, MaxPrompt);
        using var tokenizer = await model.LoadTokenizerAsync(cancellationToken);
        var prompt = Prompt(tokenizer, options.PromptTokens);
        var positions = prompt.Length + options.DecodeSteps;
        var most = Math.Max(1, options.Sequences.Concat([1]).Max());
        progress?.Report("loading");
        var stageOptions = new EngineStageOptions
        {
            KvTokenBudget = (most * Math.Max(SequencePositions, 256)) + positions + 256,
            MaxSequences = most + 1,
            MaxStepRows = MaxPrompt,
            KvType = options.KvType,
            Lanes = options.Lanes,
        };
        var edgeOptions = new EdgeStageOptions { EmbeddingRows = MaxPrompt, HeadRows = Math.Max(prompt.Length, 16), Lanes = options.Lanes };
        var chain = await LocalChain.LoadAsync(model, options.Cuts, stageOptions, edgeOptions, cancellationToken);
        await using (chain)
        {
            var codecs = new List<CodecParity>();
            int[] tokens = prompt;
            foreach (var codec in options.Codecs)
            {
                progress?.Report($"whole model against the chain, {codec}");
                var (difference, all) = await CompareWithWholeAsync(model, chain, prompt, codec, options, cancellationToken);
                codecs.Add(new CodecParity(codec, difference.MaxAbsLogitDifference, difference.ArgmaxEqual, difference.ArgmaxTotal));
                tokens = all;
            }

            var widths = await CompareWidthsAsync(chain, tokens, options, progress, cancellationToken);
            var sequences = await CompareSequencesAsync(chain, tokens, options, progress, cancellationToken);
            return new ParityReport(model.Name, model.BlockCount, options.Cuts, chain.Stages[0].Info.EngineClass, prompt.Length, options.DecodeSteps, codecs, widths, sequences);
        }
    }

    private static int[] Prompt(LlamaTokenizer tokenizer, int count)
    {
        var tokens = tokenizer.Tokenize(EvaluationText.Prompt, addSpecial: true, parseSpecial: false);
        return tokens[..Math.Min(count, tokens.Length)];
    }

    private static async Task<(LogitDifference Difference, int[] Tokens)> CompareWithWholeAsync(
        ModelHandle model, LocalChain chain, int[] prompt, HopCodec codec, ParityOptions options, CancellationToken cancellationToken)
    {
        var path = await model.AssembleWholeAsync(cancellationToken);
        var wholeOptions = new WholeModelOptions { Tokens = prompt.Length + options.DecodeSteps + 1, MaxRows = prompt.Length, KvType = options.KvType, Threads = options.Lanes?.Threads };
        using var whole = await Task.Run(() => WholeModel.Load(path, wholeOptions), cancellationToken);
        var comparison = new LogitComparison(whole.VocabularySize);
        var tokens = new List<int>(prompt);
        var sequence = await chain.OpenAsync(prompt.Length + options.DecodeSteps, cancellationToken);
        await using (sequence)
        {
            var next = prompt;
            for (var step = 0; ; step++)
            {
                using var found = await sequence.ForwardAsync(next, codec, cancellationToken);
                var likeliest = Compare(whole, next, tokens.Count - next.Length, found, comparison);
                if (step == options.DecodeSteps)
                {
                    return (comparison.Result, [.. tokens]);
                }

                tokens.Add(likeliest);
                next = [likeliest];
            }
        }
    }

    private static int Compare(WholeModel whole, int[] tokens, int first, HiddenRows found, LogitComparison comparison)
    {
        var expected = whole.Forward([.. tokens.Select((token, i) => new WholeRow(token, first + i, 0))]);
        comparison.Add(expected, found.Span);
        return LogitComparison.Likeliest(expected[^whole.VocabularySize..]);
    }

    private static async Task<List<WidthParity>> CompareWidthsAsync(LocalChain chain, int[] tokens, ParityOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var results = new List<WidthParity>();
        if (options.Widths.Count == 0)
        {
            return results;
        }

        progress?.Report("chain, one row at a time");
        var reference = await RunAloneAsync(chain, tokens, width: 1, cancellationToken);
        foreach (var width in options.Widths)
        {
            progress?.Report($"chain, {width} rows at a time");
            var found = await RunAloneAsync(chain, tokens, width, cancellationToken);
            var difference = Compare(chain, reference, found);
            results.Add(new WidthParity(width, difference.MaxAbsLogitDifference, difference.ArgmaxEqual, difference.ArgmaxTotal));
        }

        return results;
    }

    private static async Task<List<SequenceParity>> CompareSequencesAsync(LocalChain chain, int[] tokens, ParityOptions options, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var results = new List<SequenceParity>();
        var most = options.Sequences.Count == 0 ? 0 : options.Sequences.Max();
        var streams = Enumerable.Range(0, most).Select(i => Stream(tokens, i)).ToArray();
        var references = new List<List<float[]>>();
        progress?.Report($"chain, {most} sequences alone");
        foreach (var stream in streams)
        {
            references.Add(await RunAloneAsync(chain, stream, width: 1, cancellationToken));
        }

        foreach (var count in options.Sequences)
        {
            progress?.Report($"chain, {count} sequences together");
            var comparison = new LogitComparison(chain.Edge.VocabularySize);
            await RunTogetherAsync(chain, streams[..count], (stream, position, logits) => comparison.Add(references[stream][position], logits), cancellationToken);
            var difference = comparison.Result;
            results.Add(new SequenceParity(count, difference.MaxAbsLogitDifference, difference.ArgmaxEqual, difference.ArgmaxTotal));
        }

        return results;
    }

    /// <summary>Tokens of the i-th sequence: other ones in each, so that rows which land in the wrong sequence show.</summary>
    private static int[] Stream(int[] tokens, int index)
    {
        var stream = new int[Math.Min(SequencePositions, tokens.Length)];
        for (var i = 0; i < stream.Length; i++)
        {
            stream[i] = tokens[(i + (index * 7)) % tokens.Length];
        }

        return stream;
    }

    private static async Task<List<float[]>> RunAloneAsync(LocalChain chain, int[] tokens, int width, CancellationToken cancellationToken)
    {
        var rows = new List<float[]>(tokens.Length);
        var sequence = await chain.OpenAsync(tokens.Length, cancellationToken);
        await using (sequence)
        {
            for (var first = 0; first < tokens.Length; first += width)
            {
                using var logits = await sequence.ForwardAsync(tokens.AsMemory(first, Math.Min(width, tokens.Length - first)), HopCodec.F32, cancellationToken);
                for (var row = 0; row < logits.Rows; row++)
                {
                    rows.Add(logits.Row(row).ToArray());
                }
            }
        }

        return rows;
    }

    private static async Task RunTogetherAsync(LocalChain chain, int[][] streams, Action<int, int, ReadOnlySpan<float>> compare, CancellationToken cancellationToken)
    {
        var sequences = new List<ChainSequence>();
        try
        {
            foreach (var stream in streams)
            {
                sequences.Add(await chain.OpenAsync(stream.Length, cancellationToken));
            }

            for (var position = 0; position < streams[0].Length; position++)
            {
                await StepTogetherAsync(chain, streams, sequences, position, compare, cancellationToken);
            }
        }
        finally
        {
            foreach (var sequence in sequences)
            {
                await sequence.DisposeAsync();
            }
        }
    }

    private static async Task StepTogetherAsync(
        LocalChain chain, int[][] streams, List<ChainSequence> sequences, int position, Action<int, int, ReadOnlySpan<float>> compare, CancellationToken cancellationToken)
    {
        var rows = new List<HiddenRows>();
        foreach (var stream in streams)
        {
            rows.Add(await chain.Edge.EmbedAsync(stream.AsMemory(position, 1), cancellationToken));
        }

        for (var stage = 0; stage < chain.Stages.Count; stage++)
        {
            var steps = rows.Select((row, i) => new JointStep(sequences[i].Stages[stage], row, position)).ToList();
            var results = await chain.Stages[stage].StepTogetherAsync(steps, cancellationToken);
            rows.ForEach(row => row.Dispose());
            rows = [.. results];
        }

        // The rows of all sequences go through the head in one batch too.
        using var joined = HiddenRows.Rent(rows.Count, chain.Edge.Width);
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Span.CopyTo(joined.Row(i));
            rows[i].Dispose();
        }

        using var logits = await chain.Edge.ComputeLogitsAsync(joined, cancellationToken);
        for (var i = 0; i < streams.Length; i++)
        {
            compare(i, position, logits.Row(i));
        }
    }

    private static LogitDifference Compare(LocalChain chain, List<float[]> reference, List<float[]> found)
    {
        var comparison = new LogitComparison(chain.Edge.VocabularySize);
        for (var i = 0; i < reference.Count; i++)
        {
            comparison.Add(reference[i], found[i]);
        }

        return comparison.Result;
    }
}
