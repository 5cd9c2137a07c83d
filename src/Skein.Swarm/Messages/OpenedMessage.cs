using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>The stage takes part. Fields: 1 session, 2 hop, 3 KV tokens granted, 4 engine class, 5 width invariant, 6 most rows a step, 7 most frames in flight.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage.</param>
/// <param name="KvTokens">Positions reserved.</param>
/// <param name="EngineClass">Names the stage's arithmetic.</param>
/// <param name="WidthInvariant">Whether a row's result is the same bits whatever else is in its batch.</param>
/// <param name="MaxStepRows">The most rows of a frame.</param>
/// <param name="MaxFrames">The most frames of this session that may wait in the stage.</param>
internal sealed record OpenedMessage(SessionId Session, int Hop, int KvTokens, string EngineClass, bool WidthInvariant, int MaxStepRows, int MaxFrames) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Opened;

    public void Write(ref FieldWriter writer)
    {
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
        writer.Number(3, (ulong)KvTokens);
        writer.Text(4, Errors.SwarmErrors.Bound(EngineClass, WireLimits.MaxEngineClass));
        writer.Flag(5, WidthInvariant);
        writer.Number(6, (ulong)MaxStepRows);
        writer.Number(7, (ulong)MaxFrames);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out OpenedMessage? message)
    {
        message = null;
        SessionId? session = null;
        int hop = 0, kv = 0, rows = 0, frames = 0;
        var engine = string.Empty;
        var invariant = false;
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
                    fits = reader.TryNumber(WireLimits.MaxPosition, out kv);
                    break;
                case 4:
                    fits = reader.TryText(WireLimits.MaxEngineClass, out engine);
                    break;
                case 5:
                    fits = reader.TryFlag(out invariant);
                    break;
                case 6:
                    fits = reader.TryNumber(int.MaxValue, out rows);
                    break;
                case 7:
                    fits = reader.TryNumber(int.MaxValue, out frames);
                    break;
            }

            if (!fits)
            {
                return false;
            }
        }

        if (reader.Failed || session is not { } known || kv < 1 || rows < 1 || frames < 1)
        {
            return false;
        }

        message = new OpenedMessage(known, hop, kv, engine, invariant, Math.Min(rows, WireLimits.MaxRows), frames);
        return true;
    }
}
