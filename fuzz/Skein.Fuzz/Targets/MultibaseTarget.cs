using System.Text;
using Skein.P2P.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>Bytes as text, in all the bases that the network meets.</summary>
[Fuzzes(typeof(Base58))]
[Fuzzes(typeof(BaseN))]
[Fuzzes(typeof(Multibase))]
public sealed class MultibaseTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "multibase";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        // Every byte a character: the decoders see what no UTF-8 gives, too.
        var text = Encoding.Latin1.GetString(data);
        if (Base58.TryDecode(text, out var number))
        {
            FuzzCheck.Holds(Base58.Encode(number) == text, "base58 is written in one way only");
        }

        if (Multibase.TryDecode(text, out var bytes))
        {
            FuzzCheck.Holds(bytes.Length < text.Length, "text is longer than its bytes");
            FuzzCheck.Holds(Multibase.TryDecode(Multibase.EncodeBase64Url(bytes), out var again) && again.AsSpan().SequenceEqual(bytes), "bytes survive base64");
            FuzzCheck.Holds(text[0] != 'b' || Multibase.EncodeBase32(bytes) == text, "base32 is written in one way only");
        }

        // A short input as bytes, to be written; what it takes may not pass the limit of decoding.
        if (data.Length <= BaseN.MaxText / 2)
        {
            FuzzCheck.Holds(Base58.TryDecode(Base58.Encode(data), out var same) && data.SequenceEqual(same), "bytes survive base58");
        }
    }
}
