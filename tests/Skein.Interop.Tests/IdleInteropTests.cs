using Skein.P2P.Connections;
using Skein.P2P.Yamux;

namespace Skein.Interop.Tests;

/// <summary>Half an idle hour with js-libp2p, which closes a socket that stays silent for two minutes: our pings keep it.</summary>
/// <remarks>The two minutes are four seconds here, our half minute half a second, and the hour five time-outs long; <c>SKEIN_LONG=1</c> takes the real ones, js-libp2p's and ours by default, and the whole half hour.</remarks>
public sealed class IdleInteropTests(JsNodes js) : IClassFixture<JsNodes>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SKEIN_LONG") == "1";
    private static readonly TimeSpan JsTimeout = IsLong ? TimeSpan.FromMinutes(2) : TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Idle = IsLong ? TimeSpan.FromMinutes(30) : 5 * JsTimeout;
    private static readonly YamuxOptions Pinging = IsLong ? new YamuxOptions() : new YamuxOptions { PingInterval = JsTimeout / 8 };

    /// <summary>js-libp2p's own pings are off, so that ours alone keep the connection; whoever dialled.</summary>
    [Fact]
    public async Task Idle_WithHeartbeats_StreamsLiveOnAndWithoutTheyEnd()
    {
        var node = await js.StartAsync(["/ip4/127.0.0.1/tcp/0"], idle: IsLong ? null : JsTimeout, quiet: true);
        await using var dialler = await StartAsync(Pinging);
        await using var dialled = await StartAsync(Pinging);
        await using var silent = await StartAsync(new YamuxOptions { PingInterval = TimeSpan.FromDays(1) });
        await using var first = await OpenAsync(dialler, node, weDial: true);
        await using var second = await OpenAsync(dialled, node, weDial: false);
        await using var third = await OpenAsync(silent, node, weDial: true);
        var idle = Task.Delay(Idle);

        // The counter-proof: with the same silence and no pings js-libp2p hangs up.
        Assert.NotNull(await third.Connection.Closed.WaitAsync(JsTimeout + Bound));

        await idle;
        foreach (var stream in new[] { first, second })
        {
            Assert.False(stream.Connection.Closed.IsCompleted, "the connection did not outlive the idle time");
            await EchoAsync(stream);
        }
    }

    private static Task<P2PHost> StartAsync(YamuxOptions yamux) => InteropHost.StartAsync(options => options with { Yamux = yamux });

    private static async Task<P2PStream> OpenAsync(P2PHost host, JsNode node, bool weDial)
    {
        if (weDial)
        {
            await host.ConnectAsync(node.Address, None).WaitAsync(Bound);
        }
        else
        {
            await node.DialAsync(host.Addresses[0].WithPeerId(host.Id));
            await InteropHost.UntilAsync(() => host.ConnectionsWith(node.Id).Count > 0, "the connection on our side");
        }

        var stream = await host.NewStreamAsync(node.Id, InteropHost.Echo, StreamClass.Decode, None);
        Assert.Equal(weDial, stream.Connection.IsOutbound);
        await EchoAsync(stream);
        return stream;
    }

    private static async Task EchoAsync(P2PStream stream)
    {
        byte[] sent = [1, 2, 3];
        var back = new byte[sent.Length];
        await stream.WriteAsync(sent);
        await stream.ReadExactlyAsync(back).AsTask().WaitAsync(Bound);
        Assert.Equal(sent, back);
    }
}
