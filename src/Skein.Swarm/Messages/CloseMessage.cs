using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>Ends a session in a stage and frees its KV memory. Fields: 1 session, 2 hop.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage.</param>
internal sealed record CloseMessage(SessionId Session, int Hop) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Close;

    public void Write(ref FieldWriter writer)
    {
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out CloseMessage? message)
    {
        message = null;
        SessionId? session = null;
        var hop = 0;
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

        message = new CloseMessage(known, hop);
        return true;
    }
}
