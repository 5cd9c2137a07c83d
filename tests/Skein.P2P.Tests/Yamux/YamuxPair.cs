using System.Threading.Channels;
using Skein.P2P.Noise;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>Two sessions joined in memory, or one session and a script.</summary>
internal sealed class YamuxPair : IAsyncDisposable
{
    private static readonly byte[] There = Enumerable.Repeat((byte)1, 32).ToArray();
    private static readonly byte[] Back = Enumerable.Repeat((byte)2, 32).ToArray();

    private readonly Channel<YamuxStream> _accepted = Channel.CreateBounded<YamuxStream>(4096);

    private YamuxPair()
    {
    }

    public required YamuxConnection Near { get; init; }

    public required YamuxConnection Far { get; init; }

    public static (NoiseChannel Near, NoiseChannel Far) Channels(TimeProvider? time = null, TimeSpan oneWay = default)
    {
        var (near, far) = MemoryDuplexStream.CreatePair(time ?? TimeProvider.System, oneWay);
        return Channels(near, far);
    }

    public static (NoiseChannel Near, NoiseChannel Far) Channels(Stream near, Stream far)
        => (new NoiseChannel(near, NoiseCipher.Create(There), NoiseCipher.Create(Back)), new NoiseChannel(far, NoiseCipher.Create(Back), NoiseCipher.Create(There)));

    public static YamuxPair Start(YamuxOptions? options = null, TimeProvider? time = null, TimeSpan oneWay = default, (NoiseChannel Near, NoiseChannel Far)? channels = null)
    {
        var (near, far) = channels ?? Channels(time, oneWay);
        YamuxPair? pair = null;
        pair = new YamuxPair
        {
            Near = new YamuxConnection(near, initiator: true, options ?? new YamuxOptions(), time ?? TimeProvider.System, stream => pair!._accepted.Writer.TryWrite(stream)),
            Far = new YamuxConnection(far, initiator: false, options ?? new YamuxOptions(), time ?? TimeProvider.System, stream => pair!._accepted.Writer.TryWrite(stream)),
        };
        pair.Near.Start();
        pair.Far.Start();
        return pair;
    }

    public Task<YamuxStream> AcceptAsync() => _accepted.Reader.ReadAsync().Within("an inbound stream");

    public async Task<(YamuxStream Near, YamuxStream Far)> OpenAsync(StreamClass streamClass = StreamClass.Control)
    {
        var near = await Near.OpenStreamAsync(streamClass, CancellationToken.None);
        await near.WriteAsync(new byte[] { 42 }).Within("the first write");
        var far = await AcceptAsync();
        far.Class = streamClass;
        var first = new byte[1];
        await far.ReadExactlyAsync(first).Within("the first byte");
        return (near, far);
    }

    /// <summary>Waits until both sides have answered a ping: whatever was sent before has arrived.</summary>
    public async Task SettleAsync()
    {
        await Near.PingAsync(CancellationToken.None).Within("a ping from the near side");
        await Far.PingAsync(CancellationToken.None).Within("a ping from the far side");
    }

    public async ValueTask DisposeAsync()
    {
        await Near.DisposeAsync().Within("closing the near session");
        await Far.DisposeAsync().Within("closing the far session");
    }
}
