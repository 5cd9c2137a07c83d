using System.Diagnostics.CodeAnalysis;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>First message on a frame stream, from the side that dialled. Fields: 1 link (16 bytes).</summary>
/// <param name="Link">128 random bits that name the stream: a session may name it as the way back.</param>
internal sealed record HelloMessage(UInt128 Link) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Hello;

    public void Write(ref FieldWriter writer) => writer.Id(1, Link);

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out HelloMessage? message)
    {
        message = null;
        UInt128 link = default;
        var seen = false;
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                if (!reader.TryId(out link))
                {
                    return false;
                }

                seen = true;
            }
        }

        if (reader.Failed || !seen)
        {
            return false;
        }

        message = new HelloMessage(link);
        return true;
    }
}
