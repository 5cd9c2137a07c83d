using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Errors;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>The stage does not take part. Fields: 1 session, 2 hop, 3 reason, 4 message, 5 retry after in ms.</summary>
/// <param name="Session">Which session.</param>
/// <param name="Hop">Which stage.</param>
/// <param name="Reason">Why.</param>
/// <param name="Message">For people; at most 512 bytes.</param>
/// <param name="RetryAfter">When to try again, if that helps.</param>
internal sealed record RefusedMessage(SessionId Session, int Hop, SwarmError Reason, string Message, TimeSpan? RetryAfter) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Refused;

    public void Write(ref FieldWriter writer)
    {
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
        writer.Number(3, (ulong)Reason);
        writer.Text(4, SwarmErrors.Bound(Message));
        writer.Number(5, RetryFields.ToWire(RetryAfter));
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out RefusedMessage? message)
    {
        message = null;
        if (!ErrorMessage.TryRead(body, out var error) || error!.Session is not { } session)
        {
            return false;
        }

        // The fields are those of an error, on purpose; only the origin is always the stage itself.
        message = new RefusedMessage(session, error.Hop, error.Error, error.Message, error.RetryAfter);
        return true;
    }
}
