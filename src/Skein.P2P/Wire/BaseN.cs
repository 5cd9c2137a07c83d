namespace Skein.P2P.Wire;

/// <summary>Bytes as the digits of one large number: base58btc and base36. Quadratic, so inputs are short by contract.</summary>
internal static class BaseN
{
    /// <summary>Longest text that is decoded. Peer ids take about 60 digits.</summary>
    public const int MaxText = 256;

    public static string Encode(ReadOnlySpan<byte> bytes, string alphabet)
    {
        var zeros = bytes.IndexOfAnyExcept((byte)0);
        zeros = zeros < 0 ? bytes.Length : zeros;
        var digits = new byte[(bytes.Length * 2) + 1];
        var used = 0;
        foreach (var value in bytes[zeros..])
        {
            int carry = value;
            for (var i = 0; i < used || carry != 0; i++)
            {
                carry += digits[i] << 8;
                digits[i] = (byte)(carry % alphabet.Length);
                carry /= alphabet.Length;
                used = Math.Max(used, i + 1);
            }
        }

        return string.Create(zeros + used, (digits, used, zeros, alphabet), static (text, state) =>
        {
            text[..state.zeros].Fill(state.alphabet[0]);
            for (var i = 0; i < state.used; i++)
            {
                text[state.zeros + i] = state.alphabet[state.digits[state.used - 1 - i]];
            }
        });
    }

    public static bool TryDecode(ReadOnlySpan<char> text, string alphabet, out byte[] bytes)
    {
        bytes = [];
        if (text.Length > MaxText)
        {
            return false;
        }

        var zeros = text.IndexOfAnyExcept(alphabet[0]);
        zeros = zeros < 0 ? text.Length : zeros;
        var number = new byte[text.Length];
        var used = 0;
        foreach (var digit in text[zeros..])
        {
            var carry = alphabet.IndexOf(digit, StringComparison.Ordinal);
            if (carry < 0)
            {
                return false;
            }

            for (var i = 0; i < used || carry != 0; i++)
            {
                carry += number[i] * alphabet.Length;
                number[i] = (byte)carry;
                carry >>= 8;
                used = Math.Max(used, i + 1);
            }
        }

        bytes = new byte[zeros + used];
        for (var i = 0; i < used; i++)
        {
            bytes[zeros + i] = number[used - 1 - i];
        }

        return true;
    }
}
