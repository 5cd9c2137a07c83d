using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Errors;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>A session failed in a stage, or (without a session) the whole connection is about to be closed. Fields: 1 session, 2 hop, 3 error, 4 message, 5 retry after in ms, 6 origin.</summary>
/// <param name="Session">Which session; null for the connection.</param>
/// <param name="Hop">On a session stream and upstream: the stage that reports. Downstream on a frame stream: the stage that is told.</param>
/// <param name="Error">Why.</param>
/// <param name="Message">For people; at most 512 bytes.</param>
/// <param name="RetryAfter">When to try again, if that helps.</param>
/// <param name="Origin">The stage where it went wrong, however many have passed the error on since.</param>
internal sealed record ErrorMessage(SessionId? Session, int Hop, SwarmError Error, string Message, TimeSpan? RetryAfter = null, int Origin = 0) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Error;

    public void Write(ref FieldWriter writer)
    {
        if (Session is { } session)
        {
            writer.Id(1, session.Value);
        }

        writer.Number(2, (ulong)Hop);
        writer.Number(3, (ulong)Error);
        writer.Text(4, SwarmErrors.Bound(Message));
        writer.Number(5, RetryFields.ToWire(RetryAfter));
        writer.Number(6, (ulong)Origin);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out ErrorMessage? message)
    {
        message = null;
        SessionId? session = null;
        var hop = 0;
        var error = 0;
        var text = string.Empty;
        var retry = 0;
        var origin = 0;
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
                    fits = reader.TryNumber(WireLimits.MaxHops, out hop);
                    break;
                case 3:
                    fits = reader.TryNumber(byte.MaxValue, out error);
                    break;
                case 4:
                    fits = reader.TryText(SwarmErrors.MaxMessageBytes, out text);
                    break;
                case 5:
                    fits = reader.TryNumber(RetryFields.MaxMilliseconds, out retry);
                    break;
                case 6:
                    fits = reader.TryNumber(WireLimits.MaxHops, out origin);
                    break;
            }

            if (!fits)
            {
                return false;
            }
        }

        if (reader.Failed)
        {
            return false;
        }

        message = new ErrorMessage(session, hop, (SwarmError)error, text, RetryFields.FromWire(retry), origin);
        return true;
    }

    /// <summary>As a failure of this process.</summary>
    public SwarmException ToException(string reporter)
        => new(Error, $"{reporter}: {(Message.Length > 0 ? Message : Error.ToString())}", RetryAfter);
}
