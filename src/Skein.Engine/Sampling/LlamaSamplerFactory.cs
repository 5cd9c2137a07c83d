using Skein.Core.Generation;
using Skein.Engine.Tokenizing;

namespace Skein.Engine.Sampling;

/// <summary>Makes samplers for the vocabulary of a tokenizer, which must outlive them. Thread-safe.</summary>
public sealed class LlamaSamplerFactory(LlamaTokenizer tokenizer) : ISamplerFactory
{
    /// <summary>Most entries of a logit bias; OpenAI's limit is 1,024.</summary>
    public const int MaxLogitBiases = 1024;

    /// <inheritdoc/>
    public ISampler Create(SamplingOptions options, ReadOnlySpan<int> prompt)
    {
        Validate(options);
        var grammar = options.Grammar is null ? null : new TokenGrammar(tokenizer.Vocabulary, tokenizer.VocabularySize, options.Grammar);
        return new LlamaSampler(options, tokenizer.VocabularySize, grammar, TokenPenalties.Create(options, prompt));
    }

    private void Validate(SamplingOptions options)
    {
        Check(options.Temperature is >= 0f and <= 2f, "temperature", options.Temperature, "0 to 2");
        Check(options.TopK >= 0, "top_k", options.TopK, "0 or more");
        Check(options.TopP is > 0f and <= 1f, "top_p", options.TopP, "above 0, at most 1");
        Check(options.MinP is >= 0f and <= 1f, "min_p", options.MinP, "0 to 1");
        Check(options.RepetitionPenalty is > 0f and <= 10f, "repetition_penalty", options.RepetitionPenalty, "above 0, at most 10");
        Check(options.FrequencyPenalty is >= -2f and <= 2f, "frequency_penalty", options.FrequencyPenalty, "-2 to 2");
        Check(options.PresencePenalty is >= -2f and <= 2f, "presence_penalty", options.PresencePenalty, "-2 to 2");
        Check(options.PenaltyWindow >= -1, "penalty_window", options.PenaltyWindow, "-1 or more");
        Check(options.LogitBias.Count <= MaxLogitBiases, "logit_bias", options.LogitBias.Count, $"at most {MaxLogitBiases} entries");
        foreach (var (token, bias) in options.LogitBias)
        {
            Check((uint)token < (uint)tokenizer.VocabularySize, "logit_bias token", token, $"0 to {tokenizer.VocabularySize - 1}");
            Check(bias is >= -100f and <= 100f, "logit_bias value", bias, "-100 to 100");
        }
    }

    private static void Check(bool holds, string name, double value, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name} is {value}, but must be {range}.", name);
        }
    }
}
