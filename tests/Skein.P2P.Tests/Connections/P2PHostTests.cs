using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Connections;

public sealed class P2PHostTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true, true, "")]
    [InlineData(true, false, "")]
    [InlineData(false, true, "")]
    [InlineData(true, true, "/ws")]
    [InlineData(false, false, "/ws")]
    public async Task NewStream_OverTcpAndWebSocket_EchoesAndIdentifies(bool earlyHere, bool earlyThere, string suffix)
    {
        await using var far = await HostFixture.StartTcpAsync(options => options with { EarlyMuxer = earlyThere });
        await using var near = await HostFixture.StartTcpAsync(options => options with { EarlyMuxer = earlyHere }, listen: false);
        var identified = new TaskCompletionSource();
        near.PeerIdentified += (_, _) => identified.TrySetResult();
        near.Peers.AddAddresses(far.Id, Multiaddr.Parse(far.Addresses[0] + suffix));
        var bytes = RandomNumberGenerator.GetBytes(3_000_000);

        Assert.Equal(bytes, await HostFixture.EchoAsync(near, far.Id, bytes, StreamClass.Bulk));
        Assert.Empty(await HostFixture.EchoAsync(near, far.Id, []));

        await identified.Task.Within("identify");
        var known = near.Peers.Find(far.Id);
        Assert.Contains(HostFixture.EchoProtocol, known!.Protocols!);
        Assert.Equal("/skein/1", known.ProtocolVersion);
        Assert.NotNull(known.SealedRecord);
        Assert.Contains(far.Addresses[0], known.Addresses);
        Assert.Equal(suffix.Length > 0, near.Connections[0].Remote.IsWebSocket);
        Assert.True(await near.PingAsync(far.Id, None).Within("a ping") > TimeSpan.Zero);
    }

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
    public async Task Start_PortTaken_SaysWhichAndWhy()
    {
        await using var first = await HostFixture.StartTcpAsync();
        using var blocker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        blocker.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        blocker.Listen();
        var taken = Multiaddr.FromTcp((System.Net.IPEndPoint)blocker.LocalEndPoint!);

        var fault = await Assert.ThrowsAsync<P2PException>(() => HostFixture.StartTcpAsync(options => options with { Listen = [taken] }));

        Assert.Equal(P2PError.DialFailed, fault.Error);
        Assert.Contains(taken.ToString(), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewStream_UnknownProtocol_FailsAtTheFirstReadOrAtOnce()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        var connection = await near.ConnectAsync(far.Id, None);
        await using (var stream = await connection.NewStreamAsync("/nobody", StreamClass.Control, None))
        {
            var fault = await Assert.ThrowsAsync<P2PException>(() => stream.ReadAsync(new byte[1]).Within("the refusal"));
            Assert.Equal(P2PError.ProtocolNotSupported, fault.Error);
        }

        await Waiting.Until(() => near.Peers.Find(far.Id)?.Protocols is not null, "identify");
        Assert.Equal(P2PError.ProtocolNotSupported, (await Assert.ThrowsAsync<P2PException>(async () => await near.NewStreamAsync(far.Id, "/nobody", StreamClass.Control, None))).Error);
        await using var chosen = await connection.NewStreamAsync(["/nobody", HostFixture.EchoProtocol], StreamClass.Control, None);
        Assert.Equal(HostFixture.EchoProtocol, chosen.Protocol);
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
    public async Task NewStream_BulkBesideDecode_TakesAConnectionOfItsOwn()
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var decode = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Decode, None);
        await decode.WriteAsync(new byte[1]);

        await using var bulk = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Bulk, None);
        await using var more = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Decode, None);
        await using var moreBulk = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, StreamClass.Bulk, None);

        Assert.NotSame(decode.Connection, bulk.Connection);
        Assert.Same(decode.Connection, more.Connection);
        Assert.Same(bulk.Connection, moreBulk.Connection);
        Assert.Equal(2, near.Connections.Count);
    }

    [Theory]
    [InlineData(StreamClass.Bulk, StreamClass.Decode)]
    [InlineData(StreamClass.Decode, StreamClass.Bulk)]
    public async Task NewStream_TheOtherClassSecond_TakesAConnectionOfItsOwn(StreamClass first, StreamClass second)
    {
        await using var far = await HostFixture.StartTcpAsync();
        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var one = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, first, None);
        await using var other = await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, second, None);

        Assert.NotSame(one.Connection, other.Connection);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NewStream_BothClassesAtOnce_NeverShareAConnection(bool isConnected)
    {
        await using var far = await HostFixture.StartTcpAsync();
        for (var i = 0; i < 10; i++)
        {
            await using var near = await HostFixture.StartTcpAsync(listen: false);
            near.Peers.AddAddresses(far.Id, far.Addresses);
            if (isConnected)
            {
                await near.ConnectAsync(far.Id, None);
            }

            var streams = await Task.WhenAll(Enumerable.Range(0, 8)
                .Select(n => Task.Run(async () => await near.NewStreamAsync(far.Id, HostFixture.EchoProtocol, n % 2 == 0 ? StreamClass.Bulk : StreamClass.Decode, None)))).Within("the streams");

            Assert.Equal(2, streams.Select((stream, n) => (stream.Connection, n % 2)).Distinct().Count());
            Assert.Equal(2, near.Connections.Count);
        }
    }

    [Fact]
    public async Task Handle_AfterTheConnection_IsPushedToThePeer()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        await near.ConnectAsync(HostFixture.AddressOf(far), None);
        await Waiting.Until(() => far.Peers.Find(near.Id)?.Protocols is not null && near.Peers.Find(far.Id)?.Protocols is not null, "identify on both sides");

        far.Handle("/skein/kad/1.0.0", StreamClass.Control, (_, _) => Task.CompletedTask);
        await Waiting.Until(() => near.Peers.Find(far.Id)!.Protocols!.Contains("/skein/kad/1.0.0"), "the push");
        far.Unhandle("/skein/kad/1.0.0");
        await Waiting.Until(() => !near.Peers.Find(far.Id)!.Protocols!.Contains("/skein/kad/1.0.0"), "the second push");
        far.Announce([Multiaddr.Parse("/dns4/node.example.org/tcp/4001")]);
        await Waiting.Until(() => near.Peers.Find(far.Id)!.Addresses.Any(address => address.Has(MultiaddrCode.Dns4)), "the third push");
    }

    [Fact]
    public async Task Handler_ThatFails_ResetsItsStreamOnly()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        far.Handle("/fails", StreamClass.Control, (_, _) => throw new InvalidOperationException("a bug"));
        var failed = new TaskCompletionSource<HandlerFailedEventArgs>();
        far.HandlerFailed += (_, e) => failed.TrySetResult(e);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        await using var stream = await near.NewStreamAsync(far.Id, "/fails", StreamClass.Control, None);
        await stream.WriteAsync(new byte[1]);

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(async () => await ReadToEndAsync(stream))).Error);
        Assert.Equal([5], await HostFixture.EchoAsync(near, far.Id, [5]));
        var told = await failed.Task.Within("word of it");
        Assert.Equal(("/fails", near.Id, "a bug"), (told.Protocol, told.Peer, told.Fault.Message));
    }

    [Fact]
    public async Task Streams_OverTheProtocolsLimit_AreReset()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        far.Handle("/two", StreamClass.Control, async (stream, token) => await stream.CopyToAsync(Stream.Null, token), maxStreams: 2);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        near.Peers.AddAddresses(far.Id, far.Addresses);
        var streams = new List<P2PStream>();
        for (var i = 0; i < 3; i++)
        {
            streams.Add(await near.NewStreamAsync(far.Id, "/two", StreamClass.Control, None));
            await streams[i].WriteAsync(new byte[1]);
        }

        var reads = streams.Select(stream => stream.ReadAsync(new byte[1]).AsTask()).ToList();
        var first = await Task.WhenAny(reads).Within("the reset of the stream that is too much");

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => first)).Error);
        Assert.Equal(1, reads.Count(read => read.IsCompleted));
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Connections_Idle_AreClosedUnlessProtected()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", time);
        await using var idle = await HostFixture.StartMemoryAsync(network, "idle", time);
        await using var kept = await HostFixture.StartMemoryAsync(network, "kept", time);
        await hub.ConnectAsync(HostFixture.AddressOf(idle), None);
        await hub.ConnectAsync(HostFixture.AddressOf(kept), None);
        hub.Protect(kept.Id);
        kept.Protect(hub.Id);
        await Waiting.Until(() => hub.Connections.All(connection => connection.StreamCount == 0), "quiet");

        for (var step = 0; step < 100 && hub.ConnectionsWith(idle.Id).Count > 0; step++)
        {
            // Pings on their way must not run out of virtual time.
            await SettleAsync(hub, idle, kept);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        await Waiting.Until(() => hub.ConnectionsWith(idle.Id).Count == 0, "the idle connection's end");

        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromMinutes(5));
        Assert.Single(hub.ConnectionsWith(kept.Id));
    }

    [Fact]
    public async Task Connections_OverTheLimit_EvictTheIdlest()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxConnections = 2 } });
        var others = new List<P2PHost>();
        for (var i = 0; i < 4; i++)
        {
            var other = await HostFixture.StartMemoryAsync(network, $"other{i}", TimeProvider.System);
            others.Add(other);
            await other.ConnectAsync(HostFixture.AddressOf(hub), None);
            Assert.Equal([1], await HostFixture.EchoAsync(other, hub.Id, [1]));
            await Waiting.Until(() => hub.Connections.All(connection => connection.StreamCount == 0), "quiet");
        }

        Assert.InRange(hub.Connections.Count, 1, 2);
        Assert.NotEmpty(hub.ConnectionsWith(others[3].Id));
        foreach (var other in others)
        {
            await other.DisposeAsync();
        }
    }

    [Fact]
    public async Task Kill_OfAMachine_EndsItsConnectionsWithAReason()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var far = await HostFixture.StartMemoryAsync(network, "far", TimeProvider.System);
        await using var near = await HostFixture.StartMemoryAsync(network, "near", TimeProvider.System);
        var closed = new TaskCompletionSource<P2PConnection>();
        near.ConnectionClosed += (_, e) => closed.TrySetResult(e.Connection);
        var connection = await near.ConnectAsync(HostFixture.AddressOf(far), None);

        network.Kill("far");

        Assert.Same(connection, await closed.Task.Within("the end"));
        Assert.Equal(P2PError.ConnectionClosed, (await connection.Closed)?.Error);
        await Assert.ThrowsAsync<P2PException>(() => near.ConnectAsync(far.Id, None));
    }

    [Fact]
    public async Task Port_StrangersAndGarbage_AreRefusedAndTheHostGoesOn()
    {
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions { FirstBytesTimeout = TimeSpan.FromSeconds(1) });
        var endPoint = far.Addresses[0].TcpEndPoint!;
        foreach (var bytes in new[] { "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), [0x16, 3, 1, 0, 0], RandomNumberGenerator.GetBytes(100_000), [0x13, (byte)'/', (byte)'m', 0, 0, 0], [] })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(endPoint);
            var stream = client.GetStream();
            try
            {
                await stream.WriteAsync(bytes);
                client.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null).Within("the refusal");
            }
            catch (Exception fault) when (fault is IOException or SocketException)
            {
                // Refused by a reset.
            }
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
    }

    [Fact]
    public async Task HttpHandler_OnTheSamePort_GetsTheWholeRequest()
    {
        var seen = new TaskCompletionSource<string>();
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions
        {
            HttpHandler = async (stream, _) =>
            {
                var buffer = new byte[1024];
                var count = 0;
                while (!buffer.AsSpan(0, count).EndsWith("\r\n\r\n"u8))
                {
                    count += await stream.ReadAsync(buffer.AsMemory(count));
                }

                seen.TrySetResult(System.Text.Encoding.ASCII.GetString(buffer, 0, count));
                await stream.DisposeAsync();
            },
        });
        using var client = new TcpClient();
        await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
        await client.GetStream().WriteAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray());

        Assert.Equal("GET /healthz HTTP/1.1\r\n\r\n", await seen.Task.Within("the request"));
    }

    [Fact]
    public async Task Connections_ThatStaySilent_KeepNobodyOut()
    {
        await using var far = await HostFixture.StartTcpAsync();
        var silent = new List<TcpClient>();
        for (var i = 0; i < 300; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            silent.Add(client);
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));

        // Closed or reset, as the system likes: it ends, which is what counts.
        var read = silent[0].GetStream().ReadAsync(new byte[1]).AsTask();
        Assert.Same(read, await Task.WhenAny(read, Task.Delay(Waiting.Bound)));
        Assert.True(read.IsFaulted || await read == 0, "the oldest silent connection is still served");
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task HttpConnections_HoweverLong_TakeNoPlaceOfNewcomers()
    {
        var served = 0;
        var end = new TaskCompletionSource();
        await using var far = await HostFixture.StartTcpAsync(tcp: new TcpTransportOptions
        {
            MaxUndecided = 4,
            HttpHandler = async (stream, _) =>
            {
                Interlocked.Increment(ref served);
                await end.Task;
                await stream.DisposeAsync();
            },
        });
        var clients = new List<TcpClient>();
        for (var i = 0; i < 20; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            await client.GetStream().WriteAsync("GET / HTTP/1.1\r\n"u8.ToArray());
            var expected = i + 1;
            await Waiting.Until(() => Volatile.Read(ref served) == expected, $"request {expected}");
            clients.Add(client);
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
        end.SetResult();
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Handshakes_ThatStandStill_AreBoundedAndGivenUp()
    {
        await using var far = await HostFixture.StartTcpAsync(options => options with { Limits = new P2PLimits { HandshakeTimeout = TimeSpan.FromSeconds(1), MaxPendingHandshakes = 4 } });
        var streams = new List<NetworkStream>();
        for (var i = 0; i < 50; i++)
        {
            var client = new TcpClient();
            await client.ConnectAsync(far.Addresses[0].TcpEndPoint!);
            streams.Add(client.GetStream());
            await streams[i].WriteAsync(new byte[] { 0x13, (byte)'/', (byte)'m' });
        }

        foreach (var stream in streams)
        {
            try
            {
                await stream.CopyToAsync(Stream.Null).Within("the end of a handshake that stands still");
            }
            catch (IOException)
            {
                // Refused by a reset.
            }

            await stream.DisposeAsync();
        }

        await using var near = await HostFixture.StartTcpAsync();
        near.Peers.AddAddresses(far.Id, far.Addresses);
        Assert.Equal([7], await HostFixture.EchoAsync(near, far.Id, [7]));
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

    [Fact]
    public async Task Limits_OfConnectionsWithOnePeer_AreKept()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxConnectionsPerPeer = 2 } });
        await using var guest = await HostFixture.StartMemoryAsync(network, "guest", TimeProvider.System);
        var transport = network.TransportOf("guest");
        for (var i = 0; i < 2; i++)
        {
            await guest.AdoptAsync(await transport.DialAsync(hub.Addresses[0], None), outbound: true, hub.Id, None);
            var expected = i + 1;
            await Waiting.Until(() => hub.Connections.Count == expected, $"connection {expected}");
        }

        var third = await guest.AdoptAsync(await transport.DialAsync(hub.Addresses[0], None), outbound: true, hub.Id, None);
        await third.Closed.Within("the refusal");

        Assert.Equal(2, hub.Connections.Count);
        await Assert.ThrowsAsync<P2PException>(async () => await third.NewStreamAsync(HostFixture.EchoProtocol, StreamClass.Control, None));
    }

    [Fact]
    public async Task Network_OfFiftyHostsInMemory_AllReachTheHub()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System, options => options with { Limits = new P2PLimits { MaxPendingHandshakes = 64 } });
        var hosts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => HostFixture.StartMemoryAsync(network, $"n{i}", TimeProvider.System)));

        await Task.WhenAll(hosts.Select(async host =>
        {
            await host.ConnectAsync(HostFixture.AddressOf(hub), None);
            Assert.Equal([3], await HostFixture.EchoAsync(host, hub.Id, [3]));
        })).Within("all echoes");

        Assert.Equal(50, hub.Connections.Select(connection => connection.Peer).Distinct().Count());
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask())).Within("closing");
    }

    private static async Task SettleAsync(params P2PHost[] hosts)
    {
        foreach (var connection in hosts.SelectMany(host => host.Connections))
        {
            try
            {
                await connection.Muxer.PingAsync(None).Within("a ping");
            }
            catch (P2PException)
            {
                // It is closing.
            }
        }
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

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).Within("the stream's end");
        return all.ToArray();
    }
}
