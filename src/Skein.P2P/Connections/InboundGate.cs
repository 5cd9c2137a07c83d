using System.Net;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Connections;

/// <summary>Counts inbound handshakes and connections by neighbourhood. Thread-safe.</summary>
internal sealed class InboundGate(P2PLimits limits)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _pendingByGroup = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _openByGroup = new(StringComparer.Ordinal);
    private int _pending;

    /// <summary>Whether a handshake may start; then <see cref="EndHandshake"/> must follow.</summary>
    public bool TryStartHandshake(IPAddress? ip)
    {
        var group = GroupOf(ip);
        lock (_gate)
        {
            if (_pending >= limits.MaxPendingHandshakes
                || (group is not null && (_pendingByGroup.GetValueOrDefault(group) >= limits.MaxPendingHandshakesPerIpGroup || _openByGroup.GetValueOrDefault(group) >= limits.MaxConnectionsPerIpGroup)))
            {
                return false;
            }

            _pending++;
            Count(_pendingByGroup, group, 1);
            return true;
        }
    }

    public void EndHandshake(IPAddress? ip)
    {
        lock (_gate)
        {
            _pending--;
            Count(_pendingByGroup, GroupOf(ip), -1);
        }
    }

    public void Opened(IPAddress? ip)
    {
        lock (_gate)
        {
            Count(_openByGroup, GroupOf(ip), 1);
        }
    }

    public void Closed(IPAddress? ip)
    {
        lock (_gate)
        {
            Count(_openByGroup, GroupOf(ip), -1);
        }
    }

    private static string? GroupOf(IPAddress? ip) => ip is null ? null : IpGroup.Of(ip);

    private static void Count(Dictionary<string, int> counts, string? group, int by)
    {
        if (group is null)
        {
            return;
        }

        var count = counts.GetValueOrDefault(group) + by;
        if (count == 0)
        {
            counts.Remove(group);
        }
        else
        {
            counts[group] = count;
        }
    }
}
