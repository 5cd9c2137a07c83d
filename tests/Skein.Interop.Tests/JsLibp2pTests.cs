using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Records;
using Skein.P2P.Yamux;

namespace Skein.Interop.Tests;

/// <summary>This library against js-libp2p 3.3, both ways.</summary>
public sealed class JsLibp2pTests(JsPeer js) : IClassFixture<JsPeer>
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>WebSocket or TCP; muxer agreed on early or late. A side that sends no muxers makes both take the long way.</summary>
    public static TheoryData<bool, bool> Ways => new() { { false, true }, { false, false }, { true, true }, { true, false } };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Echo_WeDial_AllLengthsComeBack(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        var connection = await host.ConnectAsync(js.Address(webSocket), None);
        Assert.Equal(js.Id, connection.Peer);
        Assert.Equal(webSocket, connection.Remote.IsWebSocket);

        foreach (var size in new[] { 0, 1, 1000, 65_536, 262_144, 1_000_003, 16 * 1024 * 1024 })
        {
            await InteropHost.EchoAsync(host, js.Id, size);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Echo_JsDials_AllLengthsComeBack(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        var address = InteropHost.AddressOf(host, webSocket);
        var connection = await js.CallAsync("dial", new { address });
        Assert.Equal("/yamux/1.0.0", (string?)connection["muxer"]);
        Assert.Equal("/noise", (string?)connection["encryption"]);
        Assert.Equal(host.Id.ToString(), (string?)connection["remote"]);

        foreach (var size in new[] { 0, 1, 1000, 65_536, 262_144, 1_000_003, 16 * 1024 * 1024 })
        {
            await js.CallAsync("echo", new { address, size });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Echo_64MiB_BothWays(bool webSocket)
    {
        await using var host = await InteropHost.StartAsync();
        await host.ConnectAsync(js.Address(webSocket), None);

        await InteropHost.EchoAsync(host, js.Id, 64 * 1024 * 1024);
        await js.CallAsync("echo", new { address = InteropHost.AddressOf(host, webSocket), size = 64 * 1024 * 1024 });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Streams_AThousandAtOnce_WeOpen(bool webSocket)
    {
        await using var host = await InteropHost.StartAsync();
        await host.ConnectAsync(js.Address(webSocket), None);

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => InteropHost.EchoAsync(host, js.Id, 100 + (i % 50), i)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Streams_AThousandAtOnce_JsOpens(bool webSocket)
    {
        await using var host = await InteropHost.StartAsync();

        await js.CallAsync("streams", new { address = InteropHost.AddressOf(host, webSocket), total = 1000 });
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task HalfClose_EitherSideFirst_LeavesTheOtherDirectionOpen(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        await host.ConnectAsync(js.Address(webSocket), None);

        Assert.Equal("300000", await InteropHost.AskAsync(host, js.Id, InteropHost.Count, 300_000));
        Assert.Equal("300000", (string?)(await js.CallAsync("count", new { address = InteropHost.AddressOf(host, webSocket), size = 300_000 }))["text"]);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Reset_ByEitherSide_ReachesTheOther(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        await host.ConnectAsync(js.Address(webSocket), None);
        await using var stream = await host.NewStreamAsync(js.Id, InteropHost.Reset, StreamClass.Control, None);
        await stream.WriteAsync(new byte[1]);

        Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(() => stream.CopyToAsync(Stream.Null).WaitAsync(TimeSpan.FromSeconds(60)))).Error);
        Assert.Equal("StreamResetError", (string?)(await js.CallAsync("reset", new { address = InteropHost.AddressOf(host, webSocket) }))["outcome"]);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task SlowReader_OnEitherSide_HoldsTheWriterBackAndLosesNothing(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        await host.ConnectAsync(js.Address(webSocket), None);

        Assert.Equal("4000000", await InteropHost.AskAsync(host, js.Id, InteropHost.Slow, 4_000_000));
        Assert.Equal("4000000", (string?)(await js.CallAsync("slow", new { address = InteropHost.AddressOf(host, webSocket), size = 4_000_000 }))["text"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ping_BothWays_MeasuresTheRoundTrip(bool webSocket)
    {
        await using var host = await InteropHost.StartAsync();
        await host.ConnectAsync(js.Address(webSocket), None);

        Assert.InRange(await host.PingAsync(js.Id, None), TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(5));
        Assert.InRange((double)(await js.CallAsync("ping", new { address = InteropHost.AddressOf(host, webSocket) }))["ms"]!, 0, 5000);
    }

    [Fact]
    public async Task Identify_BothWays_TellsAndSealsEverything()
    {
        await using var host = await InteropHost.StartAsync();
        var identified = new TaskCompletionSource();
        host.PeerIdentified += (_, _) => identified.TrySetResult();
        var connection = await host.ConnectAsync(js.Tcp, None);
        await identified.Task.WaitAsync(TimeSpan.FromSeconds(60));

        var known = host.Peers.Find(js.Id)!;
        Assert.Contains(InteropHost.Echo, known.Protocols!);
        Assert.Contains("js-libp2p", known.AgentVersion, StringComparison.Ordinal);
        Assert.Equal(host.Addresses[0], connection.ObservedAddress);
        Assert.True(PeerRecord.TryOpen(known.SealedRecord!.Value.Span, out var record), "js-libp2p's sealed record does not verify");
        Assert.Contains(js.Tcp.WithoutPeerId(), record.Addresses.Select(address => address.WithoutPeerId()));

        var theirs = await UntilKnownAsync(host, answer => (bool?)answer["sealed"] == true, "our sealed record");
        Assert.Equal("skein/0.1.0", (string?)theirs["agent"]);
        Assert.Equal("/skein/1", (string?)theirs["version"]);
        Assert.Contains(InteropHost.Echo, theirs["protocols"]!.AsArray().Select(protocol => (string?)protocol));
        Assert.Contains(host.Addresses[0].ToString(), theirs["addresses"]!.AsArray().Select(address => (string?)address));
    }

    [Fact]
    public async Task Push_OfANewProtocol_ReachesTheOtherSide()
    {
        await using var host = await InteropHost.StartAsync();
        await host.ConnectAsync(js.Tcp, None);
        await UntilKnownAsync(host, answer => answer["agent"] is not null, "identify");
        await WaitAsync(() => host.Peers.Find(js.Id)?.Protocols is not null, "identify here");

        host.Handle("/skein/test/late/1.0.0", StreamClass.Control, (_, _) => Task.CompletedTask);
        await UntilKnownAsync(host, answer => answer["protocols"]!.AsArray().Any(protocol => (string?)protocol == "/skein/test/late/1.0.0"), "our push");
        var late = $"/skein/test/js-late-{host.Id}/1.0.0";
        await js.CallAsync("handle", new { protocol = late });
        await WaitAsync(() => host.Peers.Find(js.Id)!.Protocols!.Contains(late), "the push of js-libp2p");
    }

    [Fact]
    public async Task Dial_WrongPeerId_IsRefusedOnEitherSide()
    {
        await using var host = await InteropHost.StartAsync();
        using var other = PeerKey.Generate();
        var wrong = js.Tcp.WithoutPeerId().WithPeerId(other.PeerId);

        Assert.Equal(P2PError.WrongPeer, (await Assert.ThrowsAsync<P2PException>(() => host.ConnectAsync(wrong, None))).Error);
        var answer = await js.TryCallAsync("dial", new { address = host.Addresses[0].WithPeerId(other.PeerId).ToString() });
        Assert.False((bool)answer["ok"]!);
    }

    [Fact]
    public async Task UnknownProtocol_OnEitherSide_IsRefused()
    {
        await using var host = await InteropHost.StartAsync();
        var connection = await host.ConnectAsync(js.Tcp, None);
        await using var stream = await connection.NewStreamAsync("/skein/test/nobody", StreamClass.Control, None);

        var fault = await Assert.ThrowsAsync<P2PException>(() => stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal(P2PError.ProtocolNotSupported, fault.Error);
        await using var chosen = await connection.NewStreamAsync(["/skein/test/nobody", InteropHost.Echo], StreamClass.Control, None);
        Assert.Equal(InteropHost.Echo, chosen.Protocol);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task HangUp_ByEitherSide_EndsTheConnectionInOrder(bool webSocket, bool earlyMuxer)
    {
        await using var host = await InteropHost.StartAsync(earlyMuxer);
        var first = await host.ConnectAsync(js.Address(webSocket), None);
        await js.CallAsync("hangUp", new { peer = host.Id.ToString() });
        Assert.Null(await first.Closed.WaitAsync(TimeSpan.FromSeconds(60)));

        var second = await host.ConnectAsync(js.Address(webSocket), None);
        await InteropHost.EchoAsync(host, js.Id, 10);
        await second.CloseAsync();
        Assert.Null(await second.Closed);
    }

    private static async Task WaitAsync(Func<bool> condition, string phase)
    {
        var end = Environment.TickCount64 + 60_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"Still missing after 60 s: {phase}.");
            await Task.Delay(10);
        }
    }

    private async Task<System.Text.Json.Nodes.JsonNode> UntilKnownAsync(P2PHost host, Func<System.Text.Json.Nodes.JsonNode, bool> condition, string phase)
    {
        var end = Environment.TickCount64 + 60_000;
        while (true)
        {
            var answer = await js.TryCallAsync("known", new { peer = host.Id.ToString() });
            if ((bool)answer["ok"]! && condition(answer))
            {
                return answer;
            }

            Assert.True(Environment.TickCount64 < end, $"js-libp2p still lacks, after 60 s: {phase}. It knows {answer.ToJsonString()}");
            await Task.Delay(20);
        }
    }
}
