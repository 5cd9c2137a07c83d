using System.Text;
using Skein.Core.Text;

namespace Skein.Gateway.Replies;

/// <summary>How single tokens are shown beside log probabilities.</summary>
internal static class TokenText
{
    // JSON has no infinity; OpenAI writes this for a token that is next to impossible.
    private const float Impossible = -9999f;

    /// <summary>The token's text; bytes that are no whole character show as U+FFFD.</summary>
    public static string Of(ITokenizer tokenizer, int token) => Encoding.UTF8.GetString(tokenizer.TokenBytes(token, special: true).Span);

    /// <summary>The token's bytes, as numbers.</summary>
    public static int[] Bytes(ITokenizer tokenizer, int token)
    {
        var bytes = tokenizer.TokenBytes(token, special: true).Span;
        var numbers = new int[bytes.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = bytes[i];
        }

        return numbers;
    }

    /// <summary>A log probability that JSON can carry.</summary>
    public static float Logprob(float? value) => value is { } number && number >= Impossible ? Math.Min(number, 0f) : Impossible;
}
