using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Connections;

/// <summary>How a host finds and dials another.</summary>
public sealed class P2PHostDialTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData("/ip6/::1/tcp/0", "/ip6/::1")]
    [InlineData("/ip4/127.0.0.1/tcp/0", "/dns4/localhost")]
    [InlineData("/ip4/127.0.0.1/tcp/0", "/dns/localhost")]
    public async Task Connect_ByIpv6OrName_Works(string listen, string host)
    {
        if (listen.StartsWith("/ip6", StringComparison.Ordinal) && !await HasIpv6LoopbackAsync())
        {
            Assert.Skip("This machine has no IPv6 loopback address.");
        }

        await using var far = await HostFixture.StartTcpAsync(options => options with { Listen = [Multiaddr.Parse(listen)] });
        await using var near = await HostFixture.StartTcpAsync(listen: false);
        var port = far.Addresses[0].TcpEndPoint!.Port;

        await near.ConnectAsync(Multiaddr.Parse($"{host}/tcp/{port}/p2p/{far.Id}"), None).Within("the dial");

        Assert.Equal([1], await HostFixture.EchoAsync(near, far.Id, [1]));
    }

    [Fact]
    public async Task Connect_AnotherPeerAtTheAddress_RefusesByName()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        using var other = PeerKey.Generate();
        near.Peers.AddAddresses(other.PeerId, far.Addresses);

        var fault = await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(other.PeerId, None).Within("the refusal"));

        Assert.Equal(P2PError.WrongPeer, fault.Error);
        Assert.Empty(near.Connections);
    }

    [Fact]
    public async Task Connect_NoAddressOrNoneThatWorks_SaysSo()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        using var other = PeerKey.Generate();

        Assert.Equal(P2PError.NoAddress, (await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(other.PeerId, None))).Error);
        near.Peers.AddAddresses(other.PeerId, Multiaddr.Parse("/ip4/127.0.0.1/udp/1/quic-v1"));
        Assert.Equal(P2PError.NoAddress, (await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(other.PeerId, None))).Error);
        near.Peers.AddAddresses(other.PeerId, Multiaddr.Parse("/memory/a"), Multiaddr.Parse("/memory/b"));
        var fault = await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(other.PeerId, None));
        Assert.Equal(P2PError.DialFailed, fault.Error);
        Assert.Contains("/memory/a", fault.Message, StringComparison.Ordinal);
        Assert.Contains("/memory/b", fault.Message, StringComparison.Ordinal);
        Assert.Equal(P2PError.DialFailed, (await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(near.Id, None))).Error);
    }

    [Fact]
    public async Task Connect_ManyCallersAtOnce_ShareOneDial()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);

        var connections = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => near.ConnectAsync(far.Id, None))).Within("the dials");

        Assert.Single(connections.Distinct());
        Assert.Single(near.Connections);
    }

    [Fact]
    public async Task Connect_FirstAddressSilent_TakesTheNextAfterItsHeadStart()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", time);
        var silent = network.TransportOf("silent");
        await using var listener = await silent.ListenAsync(Multiaddr.Parse("/memory/silent"), _ => { }, None);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", time);
        near.Peers.AddAddresses(far.Id, [Multiaddr.Parse("/memory/silent"), .. far.Addresses]);

        var dial = near.ConnectAsync(far.Id, None);
        await Task.Delay(50);
        Assert.False(dial.IsCompleted);
        await Waiting.Until(
            () =>
            {
                // Enough for the head start, too little for any time-out, however slow this machine.
                time.Advance(time.GetUtcNow() - time.Start < TimeSpan.FromSeconds(2) ? TimeSpan.FromMilliseconds(50) : TimeSpan.Zero);
                return dial.IsCompleted;
            },
            "the dial");

        Assert.Equal("/memory/far", (await dial).Remote.ToString());
        Assert.InRange((time.GetUtcNow() - time.Start).TotalSeconds, 0.25, 9);
    }

    [Fact]
    public async Task Connect_NobodyAnswers_EndsAtTheBound()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var listener = await network.TransportOf("silent").ListenAsync(Multiaddr.Parse("/memory/silent"), _ => { }, None);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", time);
        using var other = PeerKey.Generate();
        near.Peers.AddAddresses(other.PeerId, Multiaddr.Parse("/memory/silent"));
        var dial = near.ConnectAsync(other.PeerId, None);

        await Waiting.Until(() => { time.Advance(TimeSpan.FromSeconds(1)); return dial.IsCompleted; }, "the bound");

        Assert.Equal(P2PError.TimedOut, (await Assert.ThrowsAsync<P2PException>(() => dial)).Error);
    }

    [Fact]
    public async Task Dial_FromAListeningHost_LeavesFromTheListeningPort()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows would let anybody steal a port that may be used twice.");
        }

        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync();
        await near.ConnectAsync(HostFixture.AddressOf(far), None);
        await Waiting.Until(() => far.Connections.Count == 1, "the inbound connection");

        Assert.Equal(near.Addresses[0], far.Connections[0].Remote);
        await Waiting.Until(() => near.Connections[0].ObservedAddress is not null, "identify");
        Assert.Equal(near.Addresses[0], near.Connections[0].ObservedAddress);
    }

    [Fact]
    public async Task Connect_BothSidesAtOnce_BothCanSpeak()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var one = await HostFixture.StartMemoryAsync(network, "one", TimeProvider.System);
        await using var two = await HostFixture.StartMemoryAsync(network, "two", TimeProvider.System);
        one.Peers.AddAddresses(two.Id, two.Addresses);
        two.Peers.AddAddresses(one.Id, one.Addresses);

        var echoes = await Task.WhenAll(Task.Run(() => HostFixture.EchoAsync(one, two.Id, [1])), Task.Run(() => HostFixture.EchoAsync(two, one.Id, [2]))).Within("both echoes");

        Assert.Equal([1], echoes[0]);
        Assert.Equal([2], echoes[1]);
        Assert.InRange(one.Connections.Count, 1, 2);
    }

    [Fact]
    public async Task ConnectSpeakAndLeave_ManyTimes_LeavesNothingBehind()
    {
        await using var hub = await HostFixture.StartTcpAsync();
        await using var guest = await HostFixture.StartTcpAsync(listen: false);
        guest.Peers.AddAddresses(hub.Id, hub.Addresses);
        for (var i = 0; i < 100; i++)
        {
            var connection = await guest.ConnectAsync(hub.Id, None).Within("the connection");
            Assert.Equal([4, 2], await HostFixture.EchoAsync(guest, hub.Id, [4, 2]));
            await connection.CloseAsync().Within("closing");
            Assert.Null(await connection.Closed);
            await Waiting.Until(() => guest.Connections.Count == 0, "the connection's removal");
        }

        await Waiting.Until(() => hub.Connections.Count == 0, "the removal at the other side");
        Assert.Single(hub.Peers.All);
    }

    private static Task<bool> HasIpv6LoopbackAsync()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.IPv6Loopback, 0));
            return Task.FromResult(true);
        }
        catch (SocketException)
        {
            return Task.FromResult(false);
        }
    }
}
