using System.Net;
using Skein.P2P.Connections;

namespace Skein.P2P.Tests.Connections;

/// <summary>No neighbourhood takes all handshakes or connections.</summary>
public sealed class InboundGateTests
{
    private static readonly P2PLimits Limits = new() { MaxPendingHandshakes = 5, MaxPendingHandshakesPerIpGroup = 2, MaxConnectionsPerIpGroup = 3 };
    private static readonly IPAddress Elsewhere = IPAddress.Parse("198.51.100.1");

    [Theory]
    [InlineData("203.0.113.1", "203.0.113.254")]
    [InlineData("203.0.113.1", "::ffff:203.0.113.2")]
    [InlineData("2001:db8:7::1", "2001:db8:7:ffff::1")]
    public void TryStartHandshake_OverTheGroupsLimit_IsRefusedToTheGroupAlone(string first, string second)
    {
        var gate = new InboundGate(Limits);
        Assert.True(gate.TryStartHandshake(IPAddress.Parse(first)));
        Assert.True(gate.TryStartHandshake(IPAddress.Parse(second)));

        Assert.False(gate.TryStartHandshake(IPAddress.Parse(first)));
        Assert.True(gate.TryStartHandshake(Elsewhere));

        gate.EndHandshake(IPAddress.Parse(second));
        Assert.True(gate.TryStartHandshake(IPAddress.Parse(first)));
    }

    [Fact]
    public void TryStartHandshake_OverTheHostsLimit_IsRefusedToAll()
    {
        var gate = new InboundGate(Limits);
        for (var i = 0; i < 5; i++)
        {
            Assert.True(gate.TryStartHandshake(IPAddress.Parse($"203.0.{i}.1")));
        }

        Assert.False(gate.TryStartHandshake(Elsewhere));
        Assert.False(gate.TryStartHandshake(IPAddress.Loopback));
        gate.EndHandshake(IPAddress.Parse("203.0.0.1"));
        Assert.True(gate.TryStartHandshake(Elsewhere));
    }

    [Fact]
    public void TryStartHandshake_GroupHasItsConnections_IsRefusedUntilOneCloses()
    {
        var gate = new InboundGate(Limits);
        for (var i = 1; i <= 3; i++)
        {
            Assert.True(gate.TryStartHandshake(IPAddress.Parse($"203.0.113.{i}")));
            gate.Opened(IPAddress.Parse($"203.0.113.{i}"));
            gate.EndHandshake(IPAddress.Parse($"203.0.113.{i}"));
        }

        Assert.False(gate.TryStartHandshake(IPAddress.Parse("203.0.113.9")));
        Assert.True(gate.TryStartHandshake(Elsewhere));
        gate.Closed(IPAddress.Parse("203.0.113.2"));
        Assert.True(gate.TryStartHandshake(IPAddress.Parse("203.0.113.9")));
    }

    [Fact]
    public void TryStartHandshake_LoopbackAndHomes_CountNotAsOneGroup()
    {
        var gate = new InboundGate(Limits);

        Assert.True(gate.TryStartHandshake(IPAddress.Loopback) && gate.TryStartHandshake(IPAddress.Loopback) && gate.TryStartHandshake(IPAddress.Loopback));
        Assert.True(gate.TryStartHandshake(IPAddress.Parse("192.168.1.2")) && gate.TryStartHandshake(IPAddress.Parse("192.168.1.3")));
    }
}
