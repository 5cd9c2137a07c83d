using System.Net;
using Skein.P2P.Addressing;
using Skein.P2P.Network;
using Skein.P2P.Reachability;

namespace Skein.Cli.Network;

/// <summary>What to do about what <c>skein net check</c> found, in plain words.</summary>
internal static class NetAdvice
{
    /// <summary>The next steps, most useful first.</summary>
    public static IEnumerable<string> For(NetworkNode node, ReachabilityReport found, IReadOnlyList<NetCheckAnchor> anchors, bool isRelayed)
    {
        if (anchors.Count == 0)
        {
            yield return "Nobody was asked: only somebody outside can tell. Name an anchor with --anchor (its owner has the line from 'skein anchor').";
            yield break;
        }

        if (anchors.All(anchor => anchor.RttMs is null))
        {
            yield return "No anchor answered. Check the address, that this machine has a network, and that no firewall stops outgoing connections; 'skein ping' tells more.";
            yield break;
        }

        var port = node.Host.ListenAddresses.Select(address => address.TcpEndPoint).OfType<IPEndPoint>().FirstOrDefault()?.Port;
        switch (found.State)
        {
            case ReachabilityState.Reachable:
                yield return "Nothing needs to be done. Start the node with this port: others connect directly.";
                break;
            case ReachabilityState.Unreachable:
                yield return isRelayed
                    ? "A node works from here all the same: others meet it through a relay, slower, and go over to a direct connection where the routers allow it."
                    : "No relay took this machine: others cannot reach it until its port is open, or an anchor with a free place is named.";
                if (found.Mapping == NatMapping.None)
                {
                    yield return $"No router stands in between: a firewall of this machine or of its provider stops calls to TCP port {port}. Open it.";
                }
                else
                {
                    yield return $"To be reached directly, switch on UPnP, NAT-PMP or PCP in the router and check again; or forward TCP port {port} of the router to this machine ({OwnAddress(node)}).";
                    yield return "If the router's own address (its status page shows it) is not the one that others see, the provider translates addresses too: only a relay, IPv6, or another contract helps.";
                }

                break;
            default:
                if (found.Addresses.Count == 0)
                {
                    yield return "The anchor is on this machine or in this network, and sees nothing of the internet. Within this network others reach this machine by the addresses above; ask an anchor outside for more.";
                }
                else if (found.Servers == 0)
                {
                    yield return "None of the anchors dials back (an old version?). Ask another one.";
                }
                else
                {
                    yield return "The answers do not agree, or were refused: try again in two minutes, or ask another anchor.";
                }

                foreach (var fault in found.Faults.Take(3))
                {
                    yield return "An anchor said: " + fault;
                }

                break;
        }

        foreach (var silent in anchors.Where(anchor => anchor.RttMs is null))
        {
            yield return $"The anchor {silent.Address} did not answer.";
        }
    }

    private static string OwnAddress(NetworkNode node)
        => node.Host.ListenAddresses.Select(address => address.TcpEndPoint?.Address).OfType<IPAddress>().FirstOrDefault(address => !IPAddress.IsLoopback(address) && !IpScope.IsPublic(address))?.ToString() ?? "its address in your network";
}
