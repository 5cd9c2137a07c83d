using System.Diagnostics.CodeAnalysis;
using Skein.Core.Decoding;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>An address through a relay: <c>&lt;where the relay is&gt;/p2p/R/p2p-circuit[/p2p/A]</c>.</summary>
/// <param name="Relay">The relay.</param>
/// <param name="RelayAddress">Where it is, without its peer id; null if the address does not say.</param>
/// <param name="Target">The peer behind it; null if the address does not say.</param>
[Decoder]
public sealed record CircuitAddress(PeerId Relay, Multiaddr? RelayAddress, PeerId? Target)
{
    /// <summary>Takes an address apart.</summary>
    /// <returns>False if it leads through no relay, through two, or does not name the relay.</returns>
    public static bool TryRead(Multiaddr address, [NotNullWhen(true)] out CircuitAddress? circuit)
    {
        circuit = null;
        var parts = address.Parts;
        var at = parts.ToList().FindIndex(part => part.Code == MultiaddrCode.P2PCircuit);
        if (at < 1 || parts[at - 1].Code != MultiaddrCode.P2P || !PeerId.TryRead(parts[at - 1].Value.Span, out var relay)
            || parts.Take(at - 1).Any(part => part.Code == MultiaddrCode.P2P) || parts.Skip(at + 1).Any(part => part.Code != MultiaddrCode.P2P) || parts.Count > at + 2)
        {
            return false;
        }

        circuit = new CircuitAddress(relay, at == 1 ? null : Multiaddr.FromParts([.. parts.Take(at - 1)]), address.PeerId);
        return true;
    }

    /// <summary>The address of whoever is behind a relay.</summary>
    /// <param name="relayAddress">Where the relay is, with or without its peer id.</param>
    /// <param name="relay">The relay.</param>
    public static Multiaddr Through(Multiaddr relayAddress, PeerId relay) => relayAddress.WithPeerId(relay).Then(new MultiaddrPart(MultiaddrCode.P2PCircuit, default));
}
