using System.Text;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Relay;
using Skein.P2P.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>Addresses, peer ids and hashes, in bytes and as text.</summary>
[Fuzzes(typeof(CircuitAddress))]
[Fuzzes(typeof(Multiaddr))]
[Fuzzes(typeof(Multihash))]
[Fuzzes(typeof(PeerId))]
[Fuzzes(typeof(Uvarint))]
public sealed class MultiaddrTarget : IFuzzTarget
{
    public string Name => "multiaddr";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (Uvarint.TryRead(data, out var value, out var consumed))
        {
            FuzzCheck.Holds(consumed == Uvarint.LengthOf(value), "numbers are written in one way only");
        }

        Multihash.TryRead(data, out _, out _);
        if (PeerId.TryRead(data, out var id))
        {
            FuzzCheck.Holds(PeerId.TryParse(id.ToString(), out var again) && again == id, "a peer id survives its text");
        }

        if (Multiaddr.TryRead(data, out var address))
        {
            CheckText(address);
        }

        if (Multiaddr.TryParse(Encoding.UTF8.GetString(data), out var parsed))
        {
            FuzzCheck.Holds(Multiaddr.TryRead(parsed.Bytes.Span, out var again) && again.Equals(parsed), "what was parsed can be read");
        }
    }

    private static void CheckText(Multiaddr address)
    {
        FuzzCheck.Holds(address.Parts.Count > 0, "an address has parts");
        FuzzCheck.Holds(Multiaddr.TryParse(address.ToString(), out var again) && again.Equals(address), "an address survives its text");
        if (CircuitAddress.TryRead(address, out var circuit))
        {
            FuzzCheck.Holds(circuit.RelayAddress is null || !CircuitAddress.TryRead(circuit.RelayAddress, out _), "no relay is behind a relay");
        }
    }
}
