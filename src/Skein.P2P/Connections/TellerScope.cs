using Skein.P2P.Addressing;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Connections;

/// <summary>What a peer may say of its own addresses, by where it is. Stateless.</summary>
internal static class TellerScope
{
    /// <summary>Where addresses that came over a connection may lead.</summary>
    /// <param name="host">This host.</param>
    /// <param name="connection">The connection.</param>
    /// <param name="told">The addresses.</param>
    public static AddressScope Of(P2PHost host, P2PConnection connection, IReadOnlyList<Multiaddr> told)
    {
        if (DialHints.IsNear(connection))
        {
            return AddressScope.Anywhere;
        }

        // A connection that went out and came back in through our own router, or a relayed one whose other end says that it has our address.
        IEnumerable<Multiaddr> seen = connection.IsRelayed ? told : [connection.Remote];
        return SharedHome.IsSharedBy(host, seen) ? AddressScope.Home : AddressScope.Public;
    }
}
