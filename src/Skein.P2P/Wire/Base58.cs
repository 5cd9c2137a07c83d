namespace Skein.P2P.Wire;

/// <summary>base58btc, the text form of peer ids.</summary>
public static class Base58
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// <summary>Writes bytes as text.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes) => BaseN.Encode(bytes, Alphabet);

    /// <summary>Reads text of at most 256 digits.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes) => BaseN.TryDecode(text, Alphabet, out bytes);
}
