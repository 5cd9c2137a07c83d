using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>The session ended in a stage. Fields: 1 session, 2 hop, 3 rows, 4 compute time in us, 5 bytes in, 6 bytes out, 7 frames, 8 round trip in us.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage.</param>
/// <param name="Rows">Rows computed.</param>
/// <param name="ComputeTime">Time between handing rows to the engine and having its results.</param>
/// <param name="BytesIn">Bytes of frames received, heads included.</param>
/// <param name="BytesOut">Bytes of frames sent, heads included.</param>
/// <param name="Frames">Frames computed.</param>
/// <param name="RoundTrip">Round trip to the next stage; null if it is not known: the last stage leaves it to the coordinator, who dialled it.</param>
internal sealed record ClosedMessage(SessionId Session, int Hop, long Rows, TimeSpan ComputeTime, long BytesIn, long BytesOut, long Frames, TimeSpan? RoundTrip = null) : IWireMessage
{
    // A minute: nothing that is still alive is farther away.
    private const ulong MaxRoundTripUs = 60_000_000;

    // Counters beyond this are nonsense, and sums of them must not overflow.
    private const ulong MaxCounter = 1UL << 53;

    public WireMessageType Type => WireMessageType.Closed;

    public void Write(ref FieldWriter writer)
    {
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
        writer.Number(3, (ulong)Rows);
        writer.Number(4, (ulong)(ComputeTime.Ticks / TimeSpan.TicksPerMicrosecond));
        writer.Number(5, (ulong)BytesIn);
        writer.Number(6, (ulong)BytesOut);
        writer.Number(7, (ulong)Frames);
        writer.Number(8, RoundTrip is { } trip ? Math.Clamp((ulong)Math.Max(0, trip.Ticks / TimeSpan.TicksPerMicrosecond), 1, MaxRoundTripUs) : 0);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out ClosedMessage? message)
    {
        message = null;
        SessionId? session = null;
        var hop = 0;
        ulong rows = 0, time = 0, input = 0, output = 0, frames = 0, trip = 0;
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            var fits = true;
            switch (reader.Field)
            {
                case 1:
                    fits = reader.TryId(out var id);
                    session = new SessionId(id);
                    break;
                case 2:
                    fits = reader.TryNumber(WireLimits.MaxHops - 1, out hop);
                    break;
                case 3:
                    fits = reader.TryNumber(MaxCounter, out rows);
                    break;
                case 4:
                    fits = reader.TryNumber(MaxCounter / TimeSpan.TicksPerMicrosecond, out time);
                    break;
                case 5:
                    fits = reader.TryNumber(MaxCounter, out input);
                    break;
                case 6:
                    fits = reader.TryNumber(MaxCounter, out output);
                    break;
                case 7:
                    fits = reader.TryNumber(MaxCounter, out frames);
                    break;
                case 8:
                    fits = reader.TryNumber(MaxRoundTripUs, out trip);
                    break;
            }

            if (!fits)
            {
                return false;
            }
        }

        if (reader.Failed || session is not { } known)
        {
            return false;
        }

        message = new ClosedMessage(
            known,
            hop,
            (long)rows,
            TimeSpan.FromTicks((long)time * TimeSpan.TicksPerMicrosecond),
            (long)input,
            (long)output,
            (long)frames,
            trip == 0 ? null : TimeSpan.FromTicks((long)trip * TimeSpan.TicksPerMicrosecond));
        return true;
    }
}
