using System.Buffers;
using Skein.Core.Generation;
using Skein.Core.Stages;
using Skein.Engine.Stages;

namespace Skein.Engine.Sampling;

/// <summary>Chooses tokens of one reply: bias, penalties, grammar, then <see cref="TokenChoice"/>. One caller at a time.</summary>
internal sealed class LlamaSampler : ISampler
{
    private readonly SamplingOptions _options;
    private readonly int _vocabularySize;
    private readonly TokenGrammar? _grammar;
    private readonly TokenPenalties? _penalties;
    private readonly TokenChoice _choice;
    private readonly SeededChance _chance;
    private bool _disposed;

    public LlamaSampler(SamplingOptions options, int vocabularySize, TokenGrammar? grammar, TokenPenalties? penalties)
    {
        _options = options;
        _vocabularySize = vocabularySize;
        _grammar = grammar;
        _penalties = penalties;
        _choice = new TokenChoice(options);
        _chance = new SeededChance(options.Seed);
    }

    /// <inheritdoc/>
    public int Sample(ReadOnlySpan<float> logits)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (logits.Length != _vocabularySize)
        {
            throw new StageException(StageError.BadShape, $"{logits.Length} logits came for a vocabulary of {_vocabularySize}.");
        }

        if (!RowCheck.IsFinite(logits))
        {
            throw new StageException(StageError.NotFinite, "The logits hold NaN or infinity; no token can be chosen.");
        }

        var token = Choose(logits);
        _penalties?.Accept(token);
        _grammar?.Accept(token);
        return token;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _grammar?.Dispose();
    }

    private int Choose(ReadOnlySpan<float> logits)
    {
        if (_options.IsGreedy && _grammar is null && _penalties is null && _options.LogitBias.Count == 0)
        {
            return TokenChoice.Likeliest(logits);
        }

        var chance = _options.IsGreedy ? 0 : _chance.Next();
        var scratch = ArrayPool<float>.Shared.Rent(_vocabularySize);
        try
        {
            var adjusted = scratch.AsSpan(0, _vocabularySize);
            Adjust(logits, adjusted);
            var token = Draw(adjusted, chance);
            if (_grammar is null || _grammar.Allows(token))
            {
                return token;
            }

            // Masking a whole vocabulary costs milliseconds, and most tokens are allowed at once: only now is it worth it. The distribution is the same as if it
            // had been masked first, as long as the second draw is a fresh one.
            Adjust(logits, adjusted);
            if (!_grammar.Mask(adjusted))
            {
                throw new StageException(StageError.ComputeFailed, "The grammar allows no token here; the reply cannot go on.");
            }

            return Draw(adjusted, _options.IsGreedy ? 0 : _chance.Next());
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scratch);
        }
    }

    private int Draw(Span<float> logits, double chance) => _options.IsGreedy ? TokenChoice.Likeliest(logits) : _choice.Draw(logits, chance);

    private void Adjust(ReadOnlySpan<float> logits, Span<float> adjusted)
    {
        logits.CopyTo(adjusted);
        foreach (var (token, bias) in _options.LogitBias)
        {
            adjusted[token] += bias;
        }

        _penalties?.Apply(adjusted);
    }
}
