using System.Text;
using Skein.Swarm.Transport;

namespace Skein.Fuzz.Targets;

/// <summary>The first bytes on a TCP connection, and the addresses that peers name.</summary>
[Fuzzes(typeof(TcpPreamble))]
[Fuzzes(typeof(TcpEndPoints))]
public sealed class RingPreambleTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "ring-preamble";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (TcpPreamble.TryRead(data, out var preamble))
        {
            FuzzCheck.Holds(preamble.ToBytes().AsSpan().SequenceEqual(data), "a preamble has one form");
            for (var length = 0; length < data.Length; length++)
            {
                FuzzCheck.Holds(TcpPreamble.MayBegin(data[..length]), "the start of a preamble is not refused");
            }
        }

        if (TcpEndPoints.TryParse(Encoding.UTF8.GetString(data), out var endpoint))
        {
            FuzzCheck.Holds(TcpEndPoints.TryParse(PeerAddress.Tcp(endpoint).Id, out _), "what was read can be written and read again");
        }
    }
}
