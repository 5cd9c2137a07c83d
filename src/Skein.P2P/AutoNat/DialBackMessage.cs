using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Wire;

namespace Skein.P2P.AutoNat;

/// <summary>The first message of <see cref="AutoNatProtocol.DialBackId"/>; its answer is <see cref="Accepted"/>.</summary>
/// <param name="Nonce">Of the request.</param>
public sealed record DialBackMessage(ulong Nonce)
{
    /// <summary>Longest message of either side.</summary>
    public const int MaxEncoded = 64;

    /// <summary>The answer, a message with the status 0: its delivery is what counts.</summary>
    public static ProtoWriter Accepted => new ProtoWriter().Varint(1, 0);

    /// <summary>Reads a message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out DialBackMessage? message)
    {
        var reader = new ProtoReader(encoded);
        ulong nonce = 0;
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                nonce = reader.ReadFixed64();
            }
        }

        message = reader.Malformed ? null : new DialBackMessage(nonce);
        return message is not null;
    }

    /// <summary>The message as protobuf.</summary>
    public ProtoWriter Write() => new ProtoWriter().Fixed64(1, Nonce);
}
