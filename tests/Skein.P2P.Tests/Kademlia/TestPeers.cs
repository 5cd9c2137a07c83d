using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Kademlia;

/// <summary>Peer ids without the cost of real keys.</summary>
internal static class TestPeers
{
    public static PeerId Id(int number)
    {
        Assert.True(PeerId.TryRead(Multihash.OfSha256(BitConverter.GetBytes(number)), out var id));
        return id;
    }

    public static PeerId[] Ids(int count) => [.. Enumerable.Range(1, count).Select(Id)];
}
