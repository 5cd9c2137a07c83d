using Skein.Core.Generation;

namespace Skein.Engine.Sampling;

/// <summary>Draws one token from logits: temperature, then top-k, top-p, min-p, then chance. Pure but for the generator passed in.</summary>
/// <remarks>
/// In managed code rather than by llama.cpp's samplers because those draw with the C++ library's distributions, whose results differ between systems: the same
/// seed and logits must give the same token everywhere.
/// </remarks>
internal sealed class TokenChoice
{
    // Tokens less likely than e^-16 of the likeliest rarely decide anything: sort those above first, and more only if they do not suffice.
    private const float FirstDepth = 16f;

    private readonly float _temperature;
    private readonly int _topK;
    private readonly float _topP;
    private readonly float _minP;
    private ulong[] _order = [];

    /// <summary>Takes the options.</summary>
    public TokenChoice(SamplingOptions options)
    {
        _temperature = options.Temperature;
        _topK = options.TopK;
        _topP = options.TopP;
        _minP = options.MinP;
    }

    /// <summary>The likeliest token; the lowest id among equals, so that the answer never depends on how a search runs.</summary>
    public static int Likeliest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
            {
                best = i;
            }
        }

        return best;
    }

    /// <summary>Draws a token.</summary>
    /// <param name="logits">Changed: they come back as unnormalised probabilities of the kept tokens.</param>
    /// <param name="chance">A number in [0, 1).</param>
    public int Draw(Span<float> logits, double chance)
    {
        var best = Likeliest(logits);
        var top = logits[best];
        double total = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            logits[i] = MathF.Exp((logits[i] - top) / _temperature);
            total += logits[i];
        }

        if ((_topK <= 0 || _topK >= logits.Length) && _topP >= 1f && _minP <= 0f)
        {
            return DrawById(logits, total * chance, best);
        }

        var kept = Keep(logits, total);
        double sum = 0;
        foreach (var entry in kept)
        {
            sum += logits[TokenOf(entry)];
        }

        var target = sum * chance;
        foreach (var entry in kept)
        {
            target -= logits[TokenOf(entry)];
            if (target < 0)
            {
                return TokenOf(entry);
            }
        }

        return best;
    }

    private static int DrawById(ReadOnlySpan<float> weights, double target, int otherwise)
    {
        for (var i = 0; i < weights.Length; i++)
        {
            target -= weights[i];
            if (target < 0)
            {
                return i;
            }
        }

        return otherwise;
    }

    /// <summary>The tokens that the filters keep, likeliest first.</summary>
    private ReadOnlySpan<ulong> Keep(ReadOnlySpan<float> weights, double total)
    {
        var sorted = Sort(weights, MathF.Exp(-FirstDepth));
        return TryKeep(sorted, weights, total, complete: false, out var kept) || TryKeep(sorted = Sort(weights, float.Epsilon), weights, total, complete: true, out kept)
            ? sorted[..kept]
            : sorted;
    }

    private bool TryKeep(ReadOnlySpan<ulong> sorted, ReadOnlySpan<float> weights, double total, bool complete, out int kept)
    {
        var limit = sorted.Length;
        if (_topK > 0 && _topK <= sorted.Length)
        {
            // Top-p is a share of what top-k left, as when the two filters run one after another.
            limit = _topK;
            total = 0;
            foreach (var entry in sorted[..limit])
            {
                total += weights[TokenOf(entry)];
            }
        }
        else if (_topK > 0 && !complete)
        {
            kept = 0;
            return false;
        }

        double sum = 0;
        for (kept = 0; kept < limit; kept++)
        {
            var weight = weights[TokenOf(sorted[kept])];

            // The likeliest token always stays.
            if (kept > 0 && (sum >= _topP * total || weight < _minP))
            {
                return true;
            }

            sum += weight;
        }

        return complete || limit < sorted.Length || (_topK > 0 && limit == _topK);
    }

    /// <summary>Tokens of at least some weight, likeliest first, lower ids first among equals.</summary>
    private ReadOnlySpan<ulong> Sort(ReadOnlySpan<float> weights, float threshold)
    {
        if (_order.Length < weights.Length)
        {
            _order = new ulong[weights.Length];
        }

        var count = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] >= threshold)
            {
                // Bits of non-negative floats are in the order of their values: inverted, the largest comes first.
                _order[count++] = ((ulong)~BitConverter.SingleToUInt32Bits(weights[i]) << 32) | (uint)i;
            }
        }

        Array.Sort(_order, 0, count);
        return _order.AsSpan(0, count);
    }

    private static int TokenOf(ulong entry) => (int)(uint)entry;
}
