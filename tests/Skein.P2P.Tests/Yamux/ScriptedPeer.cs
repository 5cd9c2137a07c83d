using Skein.P2P.Noise;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>The other side of a session, frame by frame, as a test wants it.</summary>
internal sealed class ScriptedPeer : IAsyncDisposable
{
    private readonly NoiseChannel _channel;
    private readonly List<byte> _read = [];

    public ScriptedPeer(YamuxOptions? options = null, TimeProvider? time = null, Action<YamuxStream>? onStream = null)
    {
        var (ours, theirs) = YamuxPair.Channels();
        _channel = theirs;
        Session = new YamuxConnection(ours, initiator: true, options ?? new YamuxOptions(), time ?? TimeProvider.System, onStream ?? (_ => { }));
        Session.Start();
    }

    /// <summary>The session under test: it dialled, so its own streams are odd.</summary>
    public YamuxConnection Session { get; }

    public async Task SendAsync(YamuxFrameType type, YamuxFlags flags, uint stream, uint length, byte[]? data = null)
    {
        var frame = new byte[YamuxHeader.Size + (data?.Length ?? 0)];
        new YamuxHeader(type, flags, stream, length).Write(frame);
        data?.CopyTo(frame, YamuxHeader.Size);
        await SendRawAsync(frame);
    }

    public async Task SendRawAsync(byte[] bytes)
    {
        for (var at = 0; at < bytes.Length; at += NoiseChannel.MaxPlaintext)
        {
            var part = bytes.AsSpan(at, Math.Min(NoiseChannel.MaxPlaintext, bytes.Length - at));
            part.CopyTo(_channel.Plaintext);
            await _channel.SendAsync(part.Length, CancellationToken.None);
        }
    }

    /// <summary>The same; false once the session has had enough and closed.</summary>
    public async Task<bool> TrySendRawAsync(byte[] bytes)
    {
        try
        {
            await SendRawAsync(bytes);
            return !Session.Closed.IsCompleted;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Reads the next frame that is not a ping of the session's own; null at the end.</summary>
    public async Task<(YamuxHeader Header, byte[] Data)?> ReadAsync()
    {
        while (true)
        {
            if (await FillAsync(YamuxHeader.Size) is false)
            {
                return null;
            }

            Assert.True(YamuxHeader.TryRead(_read.Take(YamuxHeader.Size).ToArray(), out var header));
            var length = header.Type == YamuxFrameType.Data ? (int)header.Length : 0;
            Assert.True(await FillAsync(YamuxHeader.Size + length), "the connection ended within a frame");
            var data = _read.Skip(YamuxHeader.Size).Take(length).ToArray();
            _read.RemoveRange(0, YamuxHeader.Size + length);
            if (header.Type != YamuxFrameType.Ping || (header.Flags & YamuxFlags.Syn) == YamuxFlags.None)
            {
                return (header, data);
            }
        }
    }

    /// <summary>The reason for which the session ended.</summary>
    public async Task<Skein.P2P.Errors.P2PException> FaultAsync()
    {
        var fault = await Session.Closed.Within("the end of the session");
        Assert.NotNull(fault);
        return fault;
    }

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await Session.DisposeAsync().Within("closing the session");
    }

    private async Task<bool> FillAsync(int count)
    {
        while (_read.Count < count)
        {
            var message = await _channel.ReceiveAsync(CancellationToken.None).Within("a frame");
            if (message.IsEmpty)
            {
                return false;
            }

            _read.AddRange(message.Span);
        }

        return true;
    }
}
