using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KadVectorTests
{
    [Fact]
    public void FindNode_IsTheVectorOfTheWirePage()
        => Assert.Equal("0708041203010203", Convert.ToHexString(new KadMessage { Type = KadMessageType.FindNode, Key = new byte[] { 1, 2, 3 } }.Write().ToDelimited()));
}
