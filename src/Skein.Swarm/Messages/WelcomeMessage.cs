using System.Diagnostics.CodeAnalysis;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>The answer to <see cref="HelloMessage"/>. No fields.</summary>
internal sealed record WelcomeMessage : IWireMessage
{
    public WireMessageType Type => WireMessageType.Welcome;

    public void Write(ref FieldWriter writer)
    {
        // Nothing to say yet.
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out WelcomeMessage? message)
    {
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            // Unknown fields are passed over.
        }

        message = reader.Failed ? null : new WelcomeMessage();
        return !reader.Failed;
    }
}
