using System.Runtime.InteropServices;
using Skein.Swarm.Codecs;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Tests.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Fakes;

/// <summary>Speaks the wire by hand, rightly or wrongly.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private readonly Stream _stream;

    private RawPeer(Stream stream)
    {
        _stream = stream;
        Connection = new WireConnection(stream, "raw", TimeProvider.System);
    }

    public WireConnection Connection { get; }

    /// <summary>Opens a session stream and takes the offers.</summary>
    public static async Task<RawPeer> SessionAsync(IRingTransport transport, PeerAddress peer)
    {
        var raw = new RawPeer(await transport.ConnectAsync(peer, RingProtocols.Session, TrafficClass.Control, TestContext.Current.CancellationToken));
        await raw.NextAsync<OffersMessage>();
        return raw;
    }

    /// <summary>Opens a frame link and is greeted back.</summary>
    public static async Task<RawPeer> LinkAsync(IRingTransport transport, PeerAddress peer, UInt128 id)
    {
        var raw = await AnyAsync(transport, peer, RingProtocols.Activations);
        await raw.Connection.SendAsync(new HelloMessage(id));
        await raw.NextAsync<WelcomeMessage>();
        return raw;
    }

    public static async Task<RawPeer> AnyAsync(IRingTransport transport, PeerAddress peer, string protocol)
        => new(await transport.ConnectAsync(peer, protocol, TrafficClass.Control, TestContext.Current.CancellationToken));

    /// <summary>The next message of a type; heartbeats and progress in between are passed over.</summary>
    public async Task<T> NextAsync<T>()
        where T : class, IWireMessage
    {
        while (true)
        {
            var header = await HeaderAsync(typeof(T).Name);
            if (header.Type == WireMessageType.Frame)
            {
                Assert.Fail($"A frame came instead of {typeof(T).Name}.");
            }

            var message = MessageReader.Read(header.Type, (await Connection.ReadBodyAsync(header)).Span);
            if (message is T wanted)
            {
                return wanted;
            }

            if (message is not (HeartbeatMessage or ProgressMessage))
            {
                Assert.Fail($"{message} came instead of {typeof(T).Name}.");
            }
        }
    }

    /// <summary>The next frame.</summary>
    public async Task<(FrameHeader Header, float[] Values)> NextFrameAsync()
    {
        while (true)
        {
            var header = await HeaderAsync("a frame");
            if (header.Type != WireMessageType.Frame)
            {
                var message = MessageReader.Read(header.Type, (await Connection.ReadBodyAsync(header)).Span);
                Assert.True(message is HeartbeatMessage, $"{message} came instead of a frame.");
                continue;
            }

            var frame = await Connection.ReadFrameAsync(header);
            Assert.True(RowCodecs.Get(frame.Header.Format).TryDecode(frame.Payload, frame.Header.Rows, frame.Header.Width, out var rows));
            using (rows)
            {
                frame.Return();
                return (frame.Header, rows.Span.ToArray());
            }
        }
    }

    /// <summary>Waits until the other side has closed the stream; what it says before is passed over.</summary>
    public async Task ClosedAsync()
    {
        try
        {
            while (true)
            {
                var header = await Connection.ReadHeaderAsync().AsTask().WaitAsync(Bound);
                await Connection.SkipAsync(header);
            }
        }
        catch (Skein.Swarm.Errors.SwarmException)
        {
            // Closed.
        }
    }

    public async Task<int> SendAsync(FrameHeader header, float[] values) => await Connection.SendFrameAsync(header, values, RowCodecs.Get(header.Format));

    /// <summary>Sends any bytes.</summary>
    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The other side closed as soon as it saw the first of them.
        }
    }

    /// <summary>A frame's bytes, without checking anything.</summary>
    public static byte[] Bytes(FrameHeader header, float[] values)
    {
        var frame = new byte[FrameHeader.Size + (values.Length * 4)];
        MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(frame.AsSpan(FrameHeader.Size));
        header.Write(frame);
        return frame;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();

    private async Task<WireHeader> HeaderAsync(string wanted)
    {
        try
        {
            return await Connection.ReadHeaderAsync().AsTask().WaitAsync(Bound);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"No {wanted} within {Bound.TotalSeconds} s.");
            throw;
        }
    }
}
