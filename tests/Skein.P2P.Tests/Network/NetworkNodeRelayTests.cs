using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Network;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Network;

/// <summary>Whom a node's relay serves, and how.</summary>
public sealed class NetworkNodeRelayTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("/skein/1", RelayClass.Signal, RelayStatus.Ok, false)]
    [InlineData("/other/1", RelayClass.Signal, RelayStatus.Ok, true)]
    [InlineData("/other/1", RelayClass.Swarm, RelayStatus.Ok, false)]
    [InlineData("/skein/1", RelayClass.Refused, RelayStatus.PermissionDenied, false)]
    public async Task Relay_OfANode_ServesByTheOperatorsWordAndTheNetwork(string version, RelayClass given, RelayStatus expected, bool isLimited)
    {
        using var key = PeerKey.Generate();
        await using var node = await NetworkNode.StartAsync(
            new NetworkOptions { Key = key, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], Relay = new RelayServerOptions { ClassOf = _ => given } }, TimeProvider.System, None);
        await using var peer = await HostFixture.StartTcpAsync(own => own with { ProtocolVersion = version });
        var connection = await peer.ConnectAsync(HostFixture.AddressOf(node.Host), None).Within("the connection");
        await using var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new HopMessage { Type = HopMessageType.Reserve }.Write(), None);

        var answer = await RelayProtocol.ReadHopAsync(stream, None).Within("the answer");

        Assert.Equal(expected, answer?.Status);
        Assert.Equal(isLimited, answer?.Limit is not null);
    }
}
