using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>The protobuf message <c>Peer {id = 1, addrs = 2}</c>. Addresses are not read: a relay that dials where a stranger points is a weapon.</summary>
internal static class RelayPeer
{
    internal static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out PeerId? peer)
    {
        peer = null;
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            if (reader.Field == 1 && !PeerId.TryRead(reader.ReadBytes(PeerId.MaxLength), out peer))
            {
                return false;
            }
        }

        return !reader.Malformed && peer is not null;
    }

    internal static ProtoWriter Write(PeerId peer) => new ProtoWriter().Bytes(1, peer.Bytes.Span);
}
