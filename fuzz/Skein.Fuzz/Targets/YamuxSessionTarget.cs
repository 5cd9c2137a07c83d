using Skein.P2P.Errors;
using Skein.P2P.Noise;
using Skein.P2P.Yamux;

namespace Skein.Fuzz.Targets;

/// <summary>What a peer sends on a whole session: frames of all kinds, to streams of either side, in whatever order.</summary>
/// <remarks>The input is plaintext; it is encrypted here as a peer would, once in messages as long as they may be and once in pieces that cut headers.</remarks>
[Fuzzes(typeof(FrameReader))]
public sealed class YamuxSessionTarget : IFuzzTarget
{
    private const int PieceLength = 7;

    // More than a stream may send before it is granted more, so that grants matter.
    private const int Unsent = YamuxOptions.InitialWindow + 4096;

    private static readonly byte[] There = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] Back = [.. Enumerable.Repeat((byte)2, 32)];
    private static readonly byte[] Outgoing = new byte[Unsent];

    /// <inheritdoc/>
    public string Name => "yamux-session";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        var whole = Receive(data, NoiseChannel.MaxPlaintext);
        var inPieces = Receive(data, PieceLength);
        FuzzCheck.Holds(whole == inPieces, $"the borders of encrypted messages carry no meaning: {whole} against {inPieces}");
    }

    private static Outcome Receive(ReadOnlySpan<byte> data, int piece)
    {
        var stream = new ScriptedStream(Encrypt(data, piece));
        List<YamuxStream> streams = [];
        var inbound = 0;
        var session = new YamuxConnection(new NoiseChannel(stream, NoiseCipher.Create(Back), NoiseCipher.Create(There)), initiator: false, new YamuxOptions(), TimeProvider.System, opened =>
        {
            inbound++;
            streams.Add(opened);
        });

        // Ours: 2 has more to send than it may, 4 has announced a larger window.
        var writer = FuzzCheck.CompletesAtOnce(session.OpenStreamAsync(StreamClass.Control, CancellationToken.None));
        streams.Add(writer);
        streams.Add(FuzzCheck.CompletesAtOnce(session.OpenStreamAsync(StreamClass.Bulk, CancellationToken.None)));
        var writing = WriteAsync(writer);

        // Nothing waits in memory: when this returns, all has been read.
        session.Start();
        FuzzCheck.Ends(session.Closed, "a session ends with its connection");
        FuzzCheck.Ends(writing, "a write ends with its session");
        var received = streams.Sum(Drain);
        var error = FuzzCheck.CompletesAtOnce(new ValueTask<P2PException?>(session.Closed))?.Error;
        FuzzCheck.Ends(session.DisposeAsync().AsTask(), "a session that has ended can be disposed of");

        FuzzCheck.Holds(inbound <= data.Length / YamuxHeader.Size, "a stream is opened by a frame");
        FuzzCheck.Holds(received <= data.Length, "no byte is received that was not sent");
        CheckAnswers(stream.Written);
        return new Outcome(error, inbound, received);
    }

    private static byte[] Encrypt(ReadOnlySpan<byte> data, int piece)
    {
        var line = new ScriptedStream(default);
        var channel = new NoiseChannel(line, NoiseCipher.Create(There), NoiseCipher.Create(Back));
        for (; !data.IsEmpty; data = data[Math.Min(piece, data.Length)..])
        {
            var part = data[..Math.Min(piece, data.Length)];
            part.CopyTo(channel.Plaintext);
            FuzzCheck.CompletesAtOnce(channel.SendAsync(part.Length, CancellationToken.None));
        }

        channel.ReturnBuffers();
        return line.Written;
    }

    private static async Task WriteAsync(YamuxStream stream)
    {
        try
        {
            await stream.WriteAsync(Outgoing);
        }
        catch (P2PException)
        {
            // The peer never granted the rest, or reset the stream.
        }
    }

    // Looks at the end of a stream instead of awaiting it: all share the session's exception, whose stack trace grows each time it is thrown.
    private static long Drain(YamuxStream stream)
    {
        var buffer = new byte[256];
        var total = 0L;
        while (true)
        {
            var reading = stream.ReadAsync(buffer).AsTask();
            FuzzCheck.Holds(reading.IsCompleted, "what a session that ended has received can be read at once");
            if (!reading.IsCompletedSuccessfully || FuzzCheck.CompletesAtOnce(new ValueTask<int>(reading)) is var count && count == 0)
            {
                return total;
            }

            total += count;
        }
    }

    // What goes back are whole frames, and a peer of ours would read them.
    private static void CheckAnswers(byte[] written)
    {
        List<byte> frames = [];
        var channel = new NoiseChannel(new ScriptedStream(written), NoiseCipher.Create(There), NoiseCipher.Create(Back));
        while (FuzzCheck.CompletesAtOnce(channel.ReceiveAsync(CancellationToken.None)) is { IsEmpty: false } message)
        {
            frames.AddRange(message.Span);
        }

        channel.ReturnBuffers();
        byte[] bytes = [.. frames];
        var at = 0;
        while (at < bytes.Length)
        {
            FuzzCheck.Holds(YamuxHeader.TryRead(bytes.AsSpan(at), out var header), "answers are well-formed");
            at += YamuxHeader.Size + (header.Type == YamuxFrameType.Data ? (int)header.Length : 0);
        }

        FuzzCheck.Holds(at == bytes.Length, "answers are whole");
    }

    private readonly record struct Outcome(P2PError? Error, int Inbound, long Received);
}
