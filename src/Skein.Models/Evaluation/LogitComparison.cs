namespace Skein.Models.Evaluation;

/// <summary>Compares logits row by row and keeps the worst. Not thread-safe.</summary>
internal sealed class LogitComparison(int vocabularySize)
{
    private double _difference;
    private int _equal;
    private int _total;

    /// <summary>Compares rows of both.</summary>
    public void Add(ReadOnlySpan<float> expected, ReadOnlySpan<float> found)
    {
        for (var first = 0; first < expected.Length; first += vocabularySize)
        {
            var left = expected.Slice(first, vocabularySize);
            var right = found.Slice(first, vocabularySize);
            _difference = Math.Max(_difference, LargestDifference(left, right));
            _equal += Likeliest(left) == Likeliest(right) ? 1 : 0;
            _total++;
        }
    }

    /// <summary>What was seen.</summary>
    public LogitDifference Result => new(_difference, _equal, _total);

    /// <summary>The likeliest token, the lowest id among equals.</summary>
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

    private static double LargestDifference(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (left.SequenceEqual(right))
        {
            return 0;
        }

        double largest = 0;
        for (var i = 0; i < left.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)left[i] - right[i]));
        }

        return largest;
    }
}
