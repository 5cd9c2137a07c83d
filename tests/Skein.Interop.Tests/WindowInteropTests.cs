using System.Text.Json.Nodes;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Yamux;

namespace Skein.Interop.Tests;

/// <summary>Yamux windows against js-libp2p: kept to the byte when nobody reads, and grown where the way is long.</summary>
public sealed class WindowInteropTests(JsNodes js) : IClassFixture<JsNodes>
{
    private const string Pause = "/skein/test/pause/1.0.0";
    private const string Ignore = "/skein/test/ignore/1.0.0";
    private const string Hold = "/skein/test/hold/1.0.0";
    private const int Size = 8 * 1024 * 1024;

    // What js-libp2p keeps unread of a stream before it gives it up.
    private const int JsUnread = 4 * 1024 * 1024;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task JsStopsReading_WeSendItsWindowToTheByteAndTheRestAfterwards()
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"]);
        await using var host = await InteropHost.StartAsync();
        var connection = await host.ConnectAsync(node.Address, None);
        await using var stream = await host.NewStreamAsync(node.Id, Pause, StreamClass.Bulk, None);
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Bound);
        var before = await node.CallAsync("held");
        var mayCome = (int)before["mayCome"]!;
        Assert.InRange(mayCome, YamuxOptions.InitialWindow, Size - 1);

        var writing = stream.WriteAsync(new byte[Size]).AsTask();
        await node.UntilAsync("held", held => (int)held["mayCome"]! == 0, "a full window");

        // Whatever is on its way has come by the time that a stream beside it has answered.
        await host.PingAsync(node.Id, None).WaitAsync(Bound);
        var full = await node.CallAsync("held");
        Assert.Equal(mayCome + (int)before["unread"]!, (int)full["unread"]!);
        Assert.Equal("open", (string?)full["status"]);
        Assert.False(writing.IsCompleted, "the write ended though most of it does not fit the window");

        await node.CallAsync("resume");
        await writing.WaitAsync(Bound);
        await node.UntilAsync("held", held => (int)held["received"]! == Size + 1, "all bytes");
        Assert.False(connection.Closed.IsCompleted);
    }

    [Fact]
    public async Task JsNeverReads_TheStreamAloneIsReset()
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"]);
        await using var host = await InteropHost.StartAsync();
        var connection = await host.ConnectAsync(node.Address, None);
        await using var stream = await host.NewStreamAsync(node.Id, Ignore, StreamClass.Bulk, None);

        // js-libp2p opens its window further and further, and gives up at its own bound.
        var sent = 0L;
        var fault = await Assert.ThrowsAsync<P2PException>(async () =>
        {
            while (true)
            {
                await stream.WriteAsync(new byte[65536]).AsTask().WaitAsync(Bound);
                sent += 65536;
                Assert.InRange(sent, 0, 10L * JsUnread);
            }
        });

        Assert.Equal(P2PError.StreamReset, fault.Error);
        Assert.InRange(sent, JsUnread - 65536, 10L * JsUnread);
        await InteropHost.EchoAsync(host, node.Id, 1000);
        Assert.False(connection.Closed.IsCompleted);
    }

    /// <summary>The agreement on the protocol counts, too: the header and the name, each with its length.</summary>
    [Theory]
    [InlineData(StreamClass.Control)]
    [InlineData(StreamClass.Bulk)]
    public async Task WeStopReading_JsSendsOurWindowToTheByteAndTheRestAfterwards(StreamClass streamClass)
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"]);
        await using var host = await InteropHost.StartAsync();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Handle(Hold, streamClass, async (stream, token) =>
        {
            await read.Task.WaitAsync(token);
            all.TrySetResult(await CountAsync(stream, Size, token));
        });
        var agreement = "/multistream/1.0.0\n".Length + Hold.Length + 1 + 2;
        var window = streamClass == StreamClass.Bulk ? new YamuxOptions().BulkWindow : YamuxOptions.InitialWindow;

        await js.CallAsync("fill", new { node = node.Number, address = InteropHost.AddressOf(host, false), protocol = Hold, size = Size });
        bool IsFull(JsonNode held) => (int)held["maySend"]! == 0 && (int)held["unsent"]! == Size + agreement - window;
        await node.UntilAsync("held", IsFull, "a full window of ours");
        await host.PingAsync(node.Id, None).WaitAsync(Bound);
        Assert.True(IsFull(await node.CallAsync("held")), "js-libp2p was let send more");

        read.SetResult();
        Assert.Equal(Size, await all.Task.WaitAsync(Bound));
    }

    /// <summary>Over a long way a window of 256 KiB holds the stream up: ours grows as its reader takes what comes.</summary>
    [Fact]
    public async Task LongWay_JsSends_OurWindowGrows()
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"]);
        await using var host = await StartFarAsync();
        var all = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Handle(Hold, StreamClass.Control, async (stream, token) =>
        {
            all.TrySetResult(await CountAsync(stream, Size, token));
            await ended.Task.WaitAsync(token);
        });
        await node.DialAsync(host.Addresses[0].WithPeerId(host.Id));
        await UntilRoundTripAsync(host, node);

        await js.CallAsync("fill", new { node = node.Number, address = InteropHost.AddressOf(host, false), protocol = Hold, size = Size });
        Assert.Equal(Size, await all.Task.WaitAsync(Bound));

        // Nothing is under way any more: less than half of our window is not given back yet.
        await node.UntilAsync("held", held => (long)held["maySend"]! >= 2 * YamuxOptions.InitialWindow, "more than our first window to send");
        ended.SetResult();
    }

    [Fact]
    public async Task LongWay_WeSend_JsGrowsItsWindowAndWeFillIt()
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"]);
        await using var host = await StartFarAsync();
        await host.ConnectAsync(node.Address, None);
        await UntilRoundTripAsync(host, node);
        await using var stream = await host.NewStreamAsync(node.Id, Pause, StreamClass.Bulk, None);
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(Bound);
        await node.CallAsync("resume");

        await stream.WriteAsync(new byte[Size]).AsTask().WaitAsync(Bound);
        var held = await node.UntilAsync("held", answer => (int)answer["received"]! == Size + 1, "all bytes");

        Assert.InRange((long)held["window"]!, 2 * YamuxOptions.InitialWindow, 16 * 1024 * 1024);
    }

    private static Task<P2PHost> StartFarAsync()
        => InteropHost.StartAsync(options => options, wrap: tcp => new LateTransport(tcp, new LinkShaper(new LinkSettings { Delay = TimeSpan.FromMilliseconds(100), Rate = BitRate.Unlimited }, TimeProvider.System)));

    // A window grows by the round trip: the first ping must be back.
    private static Task UntilRoundTripAsync(P2PHost host, JsNode node)
        => InteropHost.UntilAsync(() => host.ConnectionsWith(node.Id).Any(connection => connection.RoundTrip > TimeSpan.Zero), "the answer to the first ping");

    private static async Task<long> CountAsync(P2PStream stream, long size, CancellationToken cancellationToken)
    {
        var buffer = new byte[65536];
        long total = 0;
        while (total < size && await stream.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            total += count;
        }

        return total;
    }
}
