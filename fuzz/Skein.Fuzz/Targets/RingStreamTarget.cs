using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>A whole stream of the ring: envelopes, frames with their checksums and rows, bodies that are skipped.</summary>
[Fuzzes(typeof(WireConnection))]
[Fuzzes(typeof(WireEnvelope))]
[Fuzzes(typeof(FrameHeader))]
public sealed class RingStreamTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "ring-stream";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        // A private array, as the connection reads from a stream.
        using var stream = new MemoryStream(data.ToArray(), writable: false);
        var connection = new WireConnection(stream, "fuzz", TimeProvider.System);
        try
        {
            while (true)
            {
                var header = FuzzCheck.CompletesAtOnce(connection.ReadHeaderAsync());
                if (header.Type != WireMessageType.Frame)
                {
                    Skip(connection, header);
                    continue;
                }

                FuzzCheck.Holds(header.BodyLength == header.Frame.PayloadBytes && header.BodyLength <= WireLimits.MaxPayload, "a frame is as long as its shape says, within the limit");
                if (header.BodyLength > data.Length)
                {
                    // It cannot be there; a real host has checked the shape against its session before it reads on.
                    Skip(connection, header);
                    continue;
                }

                var frame = FuzzCheck.CompletesAtOnce(connection.ReadFrameAsync(header));
                if (RowCodecs.Get(frame.Header.Format).TryDecode(frame.Payload, frame.Header.Rows, frame.Header.Width, out var rows))
                {
                    FuzzCheck.Holds(rows.Rows == frame.Header.Rows && rows.Width == frame.Header.Width, "rows have the shape that the head says");
                    rows.Dispose();
                }

                frame.Return();
            }
        }
        catch (SwarmException)
        {
            // The end of the bytes, or a refusal.
        }
    }

    private static void Skip(WireConnection connection, WireHeader header)
    {
        var skipping = connection.SkipAsync(header);
        FuzzCheck.Holds(skipping.IsCompleted, "skipping memory completes at once");
        skipping.AsTask().GetAwaiter().GetResult();
    }
}
