using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Wire;

namespace Skein.P2P.HolePunching;

/// <summary>A message of hole punching (libp2p/specs, relay/DCUtR). Immutable.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Addresses">With <see cref="HolePunchMessageType.Connect"/>: where the sender is seen; addresses of unknown kinds were skipped.</param>
public sealed record HolePunchMessage(HolePunchMessageType Type, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>Longest message, without its length.</summary>
    public const int MaxEncoded = 4096;

    /// <summary>Most addresses of one message; more are a fault.</summary>
    public const int MaxAddresses = 32;

    /// <summary>Reads a message. Unknown fields are skipped.</summary>
    /// <returns>False if it is malformed, too long, has too many addresses, or no known type.</returns>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out HolePunchMessage? message)
    {
        message = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        var type = 0;
        var count = 0;
        var addresses = new List<Multiaddr>();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.ReadInt32(int.MaxValue);
                    break;
                case 2:
                    var bytes = reader.ReadBytes(Multiaddr.MaxLength);
                    if (++count > MaxAddresses)
                    {
                        return false;
                    }

                    if (Multiaddr.TryRead(bytes, out var address))
                    {
                        addresses.Add(address);
                    }

                    break;
            }
        }

        if (reader.Malformed || !Enum.IsDefined((HolePunchMessageType)type))
        {
            return false;
        }

        message = new HolePunchMessage((HolePunchMessageType)type, addresses);
        return true;
    }

    /// <summary>Writes the message.</summary>
    public ProtoWriter Write()
    {
        var message = new ProtoWriter().Varint(1, (ulong)Type);
        foreach (var address in Addresses)
        {
            message.Bytes(2, address.Bytes.Span);
        }

        return message;
    }
}
