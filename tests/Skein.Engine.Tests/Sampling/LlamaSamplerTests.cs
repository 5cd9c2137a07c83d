using CsCheck;
using Skein.Core.Generation;
using Skein.Core.Stages;
using Skein.Engine.Sampling;
using Skein.Engine.Tokenizing;

namespace Skein.Engine.Tests.Sampling;

public sealed class LlamaSamplerTests : IDisposable
{
    private readonly LlamaTokenizer _tokenizer = LlamaTokenizer.Load(SharedData.Tiny("llama"));
    private readonly LlamaSamplerFactory _factory;

    public LlamaSamplerTests() => _factory = new LlamaSamplerFactory(_tokenizer);

    private int Size => _tokenizer.VocabularySize;

    public void Dispose() => _tokenizer.Dispose();

    [Fact]
    public void Sample_GreedyWithEquals_TakesTheLowestId()
    {
        using var sampler = _factory.Create(new SamplingOptions { Temperature = 0 }, []);

        Assert.Equal(7, sampler.Sample(Logits((7, 2f), (300, 2f), (8, 1f))));
    }

    [Fact]
    public void Sample_WithASeed_DependsOnSeedAndLogitsOnly()
    {
        var logits = Logits([.. Enumerable.Range(0, Size).Select(i => (i, i % 5 * 0.1f))]);
        var first = Draw(new SamplingOptions { Seed = 42 }, logits, 20);

        Assert.Equal(first, Draw(new SamplingOptions { Seed = 42 }, logits, 20));
        Assert.NotEqual(first, Draw(new SamplingOptions { Seed = 43 }, logits, 20));
        Assert.True(first.Distinct().Count() > 10);

        // Frozen: a seed must give the same reply in every version and on every system.
        Assert.Equal([569, 123, 214, 264, 29], first[..5]);
    }

    [Fact]
    public void Sample_OfTwoTokens_FollowsTheirProbabilities()
    {
        // Probabilities 3/4 and 1/4 at temperature 1; 9/10 and 1/10 at one half.
        var logits = Logits(float.NegativeInfinity, (5, MathF.Log(3f)), (6, 0f));

        Assert.InRange(Share(new SamplingOptions { Seed = 1 }, Finite(logits), 5), 0.73, 0.77);
        Assert.InRange(Share(new SamplingOptions { Seed = 1, Temperature = 0.5f }, Finite(logits), 5), 0.88, 0.92);
    }

    [Theory]
    [InlineData(1, 1f, 0f, new[] { 10 })]
    [InlineData(2, 1f, 0f, new[] { 10, 11 })]
    [InlineData(0, 0.5f, 0f, new[] { 10 })]
    [InlineData(0, 0.75f, 0f, new[] { 10, 11 })]
    [InlineData(0, 0.95f, 0f, new[] { 10, 11, 12 })]
    [InlineData(0, 1f, 0.5f, new[] { 10, 11 })]
    [InlineData(0, 1f, 0.2f, new[] { 10, 11, 12 })]
    [InlineData(2, 0.6f, 0f, new[] { 10 })]
    public void Sample_WithFilters_KeepsExactlyTheirTokens(int topK, float topP, float minP, int[] expected)
    {
        // Probabilities 0.5, 0.3, 0.15, 0.05.
        var logits = Finite(Logits(float.NegativeInfinity, (10, MathF.Log(0.5f)), (11, MathF.Log(0.3f)), (12, MathF.Log(0.15f)), (13, MathF.Log(0.05f))));
        var drawn = Draw(new SamplingOptions { TopK = topK, TopP = topP, MinP = minP, Seed = 3 }, logits, 600);

        Assert.Equal(expected, drawn.Distinct().Order());
    }

    [Fact]
    public void Sample_WithFilters_KeepsWhatTheDefinitionKeeps()
        => Gen.Select(Gen.Float[-30f, 30f].Array[Size], Gen.Int[0, 40], Gen.Float[0.01f, 1f], Gen.Float[0f, 0.9f], Gen.ULong).Sample((logits, topK, topP, minP, seed) =>
        {
            var allowed = Definition(logits, topK, topP, minP);
            using var sampler = _factory.Create(new SamplingOptions { TopK = topK, TopP = topP, MinP = minP, Seed = seed }, []);

            Assert.Contains(sampler.Sample(logits), allowed);
        }, iter: 200);

    [Fact]
    public void Sample_RepetitionPenalty_SeesPromptAndReplyWithinTheWindow()
    {
        var logits = Logits((1, 2f), (2, 1.5f), (3, 1.4f));
        using var whole = _factory.Create(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2f }, [1, 9, 9]);
        Assert.Equal([2, 3, 1], new[] { whole.Sample(logits), whole.Sample(logits), whole.Sample(logits) });

        using var window = _factory.Create(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2f, PenaltyWindow = 1 }, [1, 9]);
        Assert.Equal([1, 2, 1], new[] { window.Sample(logits), window.Sample(logits), window.Sample(logits) });

        // Negative logits are multiplied: dividing would make them likelier.
        using var negative = _factory.Create(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2f }, [4]);
        Assert.Equal(5, negative.Sample(Logits(-9f, (4, -1f), (5, -1.5f))));
    }

    [Fact]
    public void Sample_FrequencyAndPresencePenalties_CountTheReplyOnly()
    {
        var logits = Logits((1, 2f), (2, 1.5f));
        using var frequency = _factory.Create(new SamplingOptions { Temperature = 0, FrequencyPenalty = 0.3f }, [1, 1, 1, 1]);
        Assert.Equal([1, 1, 2, 1], Enumerable.Range(0, 4).Select(_ => frequency.Sample(logits)));

        using var presence = _factory.Create(new SamplingOptions { Temperature = 0, PresencePenalty = 0.6f }, [1, 1]);
        Assert.Equal([1, 2, 1, 1], Enumerable.Range(0, 4).Select(_ => presence.Sample(logits)));

        using var reward = _factory.Create(new SamplingOptions { Temperature = 0, PresencePenalty = -2f }, [2, 2]);
        Assert.Equal([1, 1], Enumerable.Range(0, 2).Select(_ => reward.Sample(logits)));
    }

    [Fact]
    public void Sample_LogitBias_MakesTokensCertainOrImpossible()
    {
        var logits = Logits((1, 20f), (2, 1f));
        using var banned = _factory.Create(new SamplingOptions { LogitBias = new Dictionary<int, float> { [1] = -100f, [17] = 100f } }, []);

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(17, banned.Sample(logits)));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Sample_WithAGrammar_WritesWhatItAllowsAndThenEnds(float temperature)
    {
        using var sampler = _factory.Create(new SamplingOptions { Temperature = temperature, Seed = 5, Grammar = """root ::= "{\"a\": " [0-9]+ "}" """ }, []);
        var random = new Random(1);
        var text = new List<byte>();
        for (var i = 0; i < 400; i++)
        {
            var logits = new float[Size];
            foreach (ref var logit in logits.AsSpan())
            {
                logit = (float)(random.NextDouble() * 8);
            }

            var token = sampler.Sample(logits);
            if (_tokenizer.IsEndOfGeneration(token))
            {
                break;
            }

            text.AddRange(_tokenizer.TokenBytes(token, special: true).ToArray());
        }

        Assert.Matches("""^\{"a": [0-9]+(\}|$)""", System.Text.Encoding.UTF8.GetString([.. text]));
    }

    [Theory]
    [InlineData("root ::= (")]
    [InlineData("root ::= nothing")]
    [InlineData("other ::= \"a\"")]
    [InlineData("root ::= root \"a\"")]
    [InlineData("")]
    [InlineData("root ::= \"a\"{1,100000}")]
    [InlineData("root ::= \0")]
    public void Create_WithABadGrammar_SaysSo(string grammar)
        => Assert.Contains("grammar", Assert.Throws<ArgumentException>(() => _factory.Create(new SamplingOptions { Grammar = grammar }, [])).Message, StringComparison.Ordinal);

    [Fact]
    public void Create_WithAHostileGrammar_IsRefusedBeforeNativeCode()
    {
        Assert.Throws<ArgumentException>(() => _factory.Create(new SamplingOptions { Grammar = "root ::= " + new string('(', 100_000) + "\"a\"" + new string(')', 100_000) }, []));
        Assert.Throws<ArgumentException>(() => _factory.Create(new SamplingOptions { Grammar = "root ::= \"" + new string('a', 200_000) + "\"" }, []));

        // Brackets inside strings and classes are not groups.
        using var fine = _factory.Create(new SamplingOptions { Grammar = "root ::= \"" + new string('(', 200) + "\" [({] # " + new string('(', 200) }, []);
    }

    public static TheoryData<SamplingOptions> BadOptions =>
    [
        new SamplingOptions { Temperature = -0.1f },
        new SamplingOptions { Temperature = 2.1f },
        new SamplingOptions { Temperature = float.NaN },
        new SamplingOptions { TopK = -1 },
        new SamplingOptions { TopP = 0f },
        new SamplingOptions { TopP = 1.1f },
        new SamplingOptions { MinP = -0.1f },
        new SamplingOptions { MinP = 1.1f },
        new SamplingOptions { RepetitionPenalty = 0f },
        new SamplingOptions { RepetitionPenalty = float.PositiveInfinity },
        new SamplingOptions { FrequencyPenalty = 2.1f },
        new SamplingOptions { PresencePenalty = -2.1f },
        new SamplingOptions { PenaltyWindow = -2 },
        new SamplingOptions { LogitBias = new Dictionary<int, float> { [-1] = 1f } },
        new SamplingOptions { LogitBias = new Dictionary<int, float> { [1] = 101f } },
    ];

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Create_WithOptionsOutOfRange_SaysWhich(SamplingOptions options)
        => Assert.Contains("must be", Assert.Throws<ArgumentException>(() => _factory.Create(options, [])).Message, StringComparison.Ordinal);

    [Fact]
    public void Sample_OfMalformedLogits_IsRefused()
    {
        using var sampler = _factory.Create(new SamplingOptions(), []);
        var logits = Logits((1, 1f));
        logits[5] = float.NaN;

        Assert.Equal(StageError.NotFinite, Assert.Throws<StageException>(() => sampler.Sample(logits)).Error);
        Assert.Equal(StageError.BadShape, Assert.Throws<StageException>(() => sampler.Sample(logits.AsSpan(1))).Error);
        sampler.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sampler.Sample(logits));
    }

    private static HashSet<int> Definition(float[] logits, int topK, float topP, float minP)
    {
        var top = logits.Max();
        var sorted = logits.Select((logit, id) => (Weight: Math.Exp(logit - top), Id: id)).OrderByDescending(token => token.Weight).ThenBy(token => token.Id).ToList();
        if (topK > 0)
        {
            sorted = sorted[..Math.Min(topK, sorted.Count)];
        }

        var total = sorted.Sum(token => token.Weight);
        var kept = new HashSet<int>();
        double sum = 0;
        foreach (var (weight, id) in sorted)
        {
            // A little slack at the edge: single precision may round the other way.
            if (kept.Count > 0 && (sum >= (topP * total) + 1e-4 || weight < minP - 1e-4))
            {
                break;
            }

            kept.Add(id);
            sum += weight;
        }

        return kept;
    }

    private static float[] Finite(float[] logits) => [.. logits.Select(logit => float.IsNegativeInfinity(logit) ? -200f : logit)];

    private float[] Logits(params (int Id, float Value)[] values) => Logits(-5f, values);

    private float[] Logits(float otherwise, params (int Id, float Value)[] values)
    {
        var logits = new float[Size];
        Array.Fill(logits, otherwise);
        foreach (var (id, value) in values)
        {
            logits[id] = value;
        }

        return logits;
    }

    private int[] Draw(SamplingOptions options, float[] logits, int count)
    {
        using var sampler = _factory.Create(options, []);
        return [.. Enumerable.Range(0, count).Select(_ => sampler.Sample(logits))];
    }

    private double Share(SamplingOptions options, float[] logits, int token) => Draw(options, logits, 5000).Count(drawn => drawn == token) / 5000.0;
}
