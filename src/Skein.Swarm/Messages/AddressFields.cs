using System.Diagnostics.CodeAnalysis;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>A peer and its addresses as a nested message: 1 id, 2 address (repeated).</summary>
internal static class AddressFields
{
    public static void Write(ref FieldWriter writer, int field, PeerAddress peer)
    {
        Span<byte> buffer = stackalloc byte[WireLimits.MaxPeerId + 4 + (WireLimits.MaxAddresses * (WireLimits.MaxAddress + 4))];
        var nested = new FieldWriter(buffer);
        nested.Text(1, peer.Id);
        foreach (var address in peer.Addresses)
        {
            nested.Text(2, address);
        }

        writer.Bytes(field, buffer[..nested.Length]);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out PeerAddress? peer)
    {
        peer = null;
        var id = string.Empty;
        var addresses = new List<string>();
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    if (!reader.TryText(WireLimits.MaxPeerId, out id))
                    {
                        return false;
                    }

                    break;
                case 2:
                    if (addresses.Count == WireLimits.MaxAddresses || !reader.TryText(WireLimits.MaxAddress, out var address) || address.Length == 0)
                    {
                        return false;
                    }

                    addresses.Add(address);
                    break;
            }
        }

        if (reader.Failed || id.Length == 0)
        {
            return false;
        }

        peer = new PeerAddress(id, addresses);
        return true;
    }
}
