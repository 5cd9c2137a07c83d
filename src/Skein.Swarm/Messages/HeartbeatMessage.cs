using System.Diagnostics.CodeAnalysis;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>Keeps a connection warm; the other side echoes it. Fields: 1 nonce, 2 is echo.</summary>
/// <param name="Nonce">Chosen by the asking side, echoed unchanged.</param>
/// <param name="IsEcho">Whether this is the answer.</param>
internal sealed record HeartbeatMessage(ulong Nonce, bool IsEcho) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Heartbeat;

    public void Write(ref FieldWriter writer)
    {
        writer.Number(1, Nonce);
        writer.Flag(2, IsEcho);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out HeartbeatMessage? message)
    {
        message = null;
        ulong nonce = 0;
        var isEcho = false;
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            var fits = reader.Field switch
            {
                1 => reader.TryNumber(ulong.MaxValue, out nonce),
                2 => reader.TryFlag(out isEcho),
                _ => true,
            };
            if (!fits)
            {
                return false;
            }
        }

        if (reader.Failed)
        {
            return false;
        }

        message = new HeartbeatMessage(nonce, isEcho);
        return true;
    }
}
