using System.Numerics.Tensors;
using Skein.Core.Generation;

namespace Skein.Swarm.Coordination;

/// <summary>Natural logs of probabilities from logits. Pure.</summary>
internal static class LogProbabilities
{
    /// <summary>What to subtract from a logit to get its log probability.</summary>
    public static float Normaliser(ReadOnlySpan<float> logits)
    {
        // The largest first, so that no exponential overflows; the sum in double, as it has many small terms.
        var largest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - largest);
        }

        return largest + (float)Math.Log(sum);
    }

    /// <summary>The likeliest tokens, likeliest first; among equals the lower id first.</summary>
    public static IReadOnlyList<TokenLogprob> Top(ReadOnlySpan<float> logits, int count, float normaliser)
    {
        if (count == 0)
        {
            return [];
        }

        count = Math.Min(count, logits.Length);
        var best = new TokenLogprob[count];
        var held = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (held == count && logits[i] <= best[held - 1].Logprob)
            {
                continue;
            }

            var at = held < count ? held++ : held - 1;
            while (at > 0 && best[at - 1].Logprob < logits[i])
            {
                best[at] = best[at - 1];
                at--;
            }

            best[at] = new TokenLogprob(i, logits[i]);
        }

        for (var i = 0; i < held; i++)
        {
            best[i] = best[i] with { Logprob = Math.Min(0, best[i].Logprob - normaliser) };
        }

        return best;
    }
}
