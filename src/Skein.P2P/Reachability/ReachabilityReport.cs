using System.Net;
using Skein.P2P.Addressing;

namespace Skein.P2P.Reachability;

/// <summary>How others see this node, at one moment. Immutable.</summary>
/// <param name="State">Whether any address is reachable.</param>
/// <param name="Addresses">Each address that was thought of.</param>
/// <param name="Mapping">What the router in between does.</param>
/// <param name="PublicAddress">The address that others see us come from; null if nobody told.</param>
/// <param name="Servers">Connected peers that can be asked.</param>
/// <param name="Faults">What servers said that could not say anything.</param>
public sealed record ReachabilityReport(
    ReachabilityState State, IReadOnlyList<AddressReachability> Addresses, NatMapping Mapping, IPAddress? PublicAddress, int Servers, IReadOnlyList<string> Faults)
{
    /// <summary>Nothing is known.</summary>
    public static ReachabilityReport Nothing { get; } = new(ReachabilityState.Unknown, [], NatMapping.Unknown, null, 0, []);

    /// <summary>The addresses that others reach.</summary>
    public IReadOnlyList<Multiaddr> Reachable => [.. Addresses.Where(entry => entry.State == ReachabilityState.Reachable).Select(entry => entry.Address)];
}
