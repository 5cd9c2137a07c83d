using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>A step of the session waits or runs in the stage: slow, not dead. Fields: 1 session, 2 hop, 3 step.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage.</param>
/// <param name="Step">Which step.</param>
internal sealed record ProgressMessage(SessionId Session, int Hop, uint Step) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Progress;

    public void Write(ref FieldWriter writer)
    {
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
        writer.Number(3, Step);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out ProgressMessage? message)
    {
        message = null;
        SessionId? session = null;
        var hop = 0;
        ulong step = 0;
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
                    fits = reader.TryNumber(uint.MaxValue, out step);
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

        message = new ProgressMessage(known, hop, (uint)step);
        return true;
    }
}
