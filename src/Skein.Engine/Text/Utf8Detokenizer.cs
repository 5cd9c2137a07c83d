using System.Text;

namespace Skein.Engine.Text;

/// <summary>Turns the bytes of one token after another into text. A character whose bytes are spread over tokens appears with its last byte, whole.</summary>
/// <remarks>
/// The pieces joined are exactly what decoding all bytes at once gives: each maximal ill-formed sequence becomes one U+FFFD, as the Unicode standard recommends (section 3.9).
/// At most three bytes are held back. One reply, one instance; not thread-safe.
/// </remarks>
public sealed class Utf8Detokenizer
{
    // The framework's decoder keeps the unfinished character between calls; a byte order mark is text like any other.
    private readonly Decoder _decoder = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false).GetDecoder();

    /// <summary>Takes the bytes of a token.</summary>
    /// <param name="bytes">Any bytes, also none.</param>
    /// <returns>The text that is complete now; never half a surrogate pair.</returns>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>Ends the text: what is still unfinished becomes U+FFFD. The instance can be used again afterwards.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var length = _decoder.GetCharCount(bytes, flush);
        if (length == 0)
        {
            // The state must move even when no character is complete.
            _decoder.GetChars(bytes, [], flush);
            return string.Empty;
        }

        var chars = new char[length];
        var written = _decoder.GetChars(bytes, chars, flush);
        return new string(chars, 0, written);
    }
}
