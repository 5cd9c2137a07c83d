using System.Buffers.Text;

namespace Skein.P2P.Wire;

/// <summary>Text that names its own base by its first letter (multiformats/multibase): f, b, k, z, u, m.</summary>
public static class Multibase
{
    // Certificate hashes and peer ids are far below.
    private const int MaxText = 256;

    private const string Base32Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    private const string Base36Alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>Writes bytes in base32, lower case, without padding.</summary>
    public static string EncodeBase32(ReadOnlySpan<byte> bytes)
    {
        var text = new System.Text.StringBuilder("b", 1 + (((bytes.Length * 8) + 4) / 5));
        int bits = 0, value = 0;
        foreach (var part in bytes)
        {
            value = ((value << 8) | part) & 0xFFFF;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append(Base32Alphabet[(value >> bits) & 31]);
            }
        }

        if (bits > 0)
        {
            text.Append(Base32Alphabet[(value << (5 - bits)) & 31]);
        }

        return text.ToString();
    }

    /// <summary>Writes bytes in base64url, without padding.</summary>
    public static string EncodeBase64Url(ReadOnlySpan<byte> bytes) => "u" + Base64Url.EncodeToString(bytes);

    /// <summary>Reads text in any of the bases that the network meets.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        if (text.Length is 0 or > MaxText)
        {
            return false;
        }

        var rest = text[1..];
        return text[0] switch
        {
            'b' => TryDecodeBase32(rest, out bytes),
            'k' => BaseN.TryDecode(rest, Base36Alphabet, out bytes),
            'z' => Base58.TryDecode(rest, out bytes),
            'u' or 'm' => TryDecodeBase64(rest, url: text[0] == 'u', out bytes),
            'f' => TryDecodeHex(rest, out bytes),
            _ => false,
        };
    }

    private static bool TryDecodeBase32(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length * 5 / 8];
        int bits = 0, value = 0, at = 0;
        foreach (var digit in text)
        {
            var part = Base32Alphabet.IndexOf(digit, StringComparison.Ordinal);
            if (part < 0)
            {
                return false;
            }

            value = ((value << 5) | part) & 0xFFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                bytes[at++] = (byte)(value >> bits);
            }
        }

        // What is left over is padding: less than a digit, and zero.
        return bits < 5 && (value & ((1 << bits) - 1)) == 0;
    }

    private static bool TryDecodeBase64(ReadOnlySpan<char> text, bool url, out byte[] bytes)
    {
        bytes = [];
        if (text.ContainsAny(url ? "+/=" : "-_="))
        {
            return false;
        }

        Span<char> copy = stackalloc char[MaxText];
        text.Replace(copy, '+', '-');
        var translated = copy[..text.Length];
        translated.Replace('/', '_');
        var buffer = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!Base64Url.IsValid(translated) || !Base64Url.TryDecodeFromChars(translated, buffer, out var written))
        {
            return false;
        }

        bytes = buffer[..written];
        return true;
    }

    private static bool TryDecodeHex(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
    }
}
