using Skein.P2P.Errors;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Tests.Errors;

public sealed class LostConnectionTests
{
    [Theory]
    [InlineData(P2PError.ConnectionClosed)]
    [InlineData(P2PError.StreamReset)]
    [InlineData(P2PError.TimedOut)]
    public void From_BrokenLibp2pStream_IsALostPeerThatMayComeBack(P2PError error)
    {
        var failure = SwarmErrors.From(new P2PException(error, "gone"));

        Assert.Equal(SwarmError.PeerLost, failure.Error);
        Assert.True(failure.IsTransient);
    }

    [Fact]
    public void From_StreamOfAPeerThatDoesNotSpeakIt_IsNotTransient()
    {
        var failure = SwarmErrors.From(new P2PException(P2PError.ProtocolNotSupported, "not spoken"));

        Assert.Equal(SwarmError.UnsupportedProtocol, failure.Error);
        Assert.False(failure.IsTransient);
    }
}
