using System.Text;
using Skein.Core.Generation;
using Skein.Core.Hidden;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Core.Text;
using Skein.Swarm.Coordination;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>A tiny deterministic model: embedding, head, greedy sampler and tokenizer in one.</summary>
public sealed class FakeModel : ITokenEmbedding, IOutputHead, ISamplerFactory, ITokenizer
{
    public const int Width = 16;
    public const int BlockCount = 30;

    private static readonly float[] Weights = MakeWeights();

    public static Sha256Digest Digest { get; } = Sha256Digest.Compute("fake model"u8);

    public int EndToken { get; init; } = -1;

    public int VocabularySize => 64;

    public int? BeginOfSequence => null;

    public bool AddsBeginOfSequence => false;

    int ITokenEmbedding.Width => Width;

    public ModelEdges Edges => new()
    {
        Model = Digest,
        BlockCount = BlockCount,
        ContextLength = 2048,
        Embedding = this,
        Head = this,
        Samplers = this,
        Tokenizer = this,
    };

    public ValueTask<HiddenRows> EmbedAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken) => ValueTask.FromResult(Embed(tokens.Span));

    public static HiddenRows Embed(ReadOnlySpan<int> tokens)
    {
        var rows = HiddenRows.Rent(tokens.Length, Width);
        for (var i = 0; i < tokens.Length; i++)
        {
            for (var j = 0; j < Width; j++)
            {
                rows.Row(i)[j] = MathF.Sin((tokens[i] * 1.7f) + (j * 0.37f));
            }
        }

        return rows;
    }

    public ValueTask<HiddenRows> ComputeLogitsAsync(HiddenRows rows, CancellationToken cancellationToken)
    {
        var logits = HiddenRows.Rent(rows.Rows, VocabularySize);
        for (var i = 0; i < rows.Rows; i++)
        {
            Head(rows.Row(i), logits.Row(i));
        }

        return ValueTask.FromResult(logits);
    }

    public ISampler Create(SamplingOptions options, ReadOnlySpan<int> prompt) => new Greedy();

    /// <summary>What the whole model gives, without any ring.</summary>
    public static int[] Reference(ReadOnlySpan<int> prompt, int count, IReadOnlyList<BlockSpan> spans, Func<float, float>? wire = null)
    {
        var memories = spans.Select(_ => new float[Width]).ToArray();
        var tokens = new List<int>();
        var logits = new float[64];
        var row = new float[Width];
        foreach (var token in prompt)
        {
            Run(token);
        }

        while (true)
        {
            Head(row, logits);
            tokens.Add(Argmax(logits));
            if (tokens.Count == count)
            {
                return [.. tokens];
            }

            Run(tokens[^1]);
        }

        void Run(int token)
        {
            using var embedded = Embed([token]);
            embedded.Span.CopyTo(row);
            Wire();
            for (var s = 0; s < spans.Count; s++)
            {
                FakeStage.Compute(spans[s], row, memories[s], row);
                Wire();
            }
        }

        void Wire()
        {
            for (var j = 0; wire is not null && j < row.Length; j++)
            {
                row[j] = wire(row[j]);
            }
        }
    }

    public static int Argmax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial) => [.. text.Select(c => c % 64)];

    public ReadOnlyMemory<byte> TokenBytes(int token, bool special = false) => Encoding.UTF8.GetBytes($"{token} ");

    public bool IsEndOfGeneration(int token) => token == EndToken;

    public bool IsControl(int token) => token == EndToken;

    public static void Head(ReadOnlySpan<float> row, Span<float> logits)
    {
        for (var v = 0; v < logits.Length; v++)
        {
            var sum = 0f;
            for (var j = 0; j < Width; j++)
            {
                sum += row[j] * Weights[(v * Width) + j];
            }

            logits[v] = sum;
        }
    }

    private static float[] MakeWeights()
    {
        var random = new Random(42);
        return [.. Enumerable.Range(0, 64 * Width).Select(_ => (random.NextSingle() * 2) - 1)];
    }

    private sealed class Greedy : ISampler
    {
        public int Sample(ReadOnlySpan<float> logits) => Argmax(logits);

        public void Dispose()
        {
        }
    }
}
