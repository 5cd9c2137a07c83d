using System.Net;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Relay;

/// <summary>Counts circuits so that nobody takes them all: neither the relay's, nor those of one called peer. Thread-safe.</summary>
internal sealed class CircuitPlaces(RelayServerOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, RateShare> _shares = [];
    private readonly Dictionary<PeerId, int> _calling = [];
    private readonly Dictionary<PeerId, int> _called = [];
    private readonly Dictionary<(PeerId Caller, PeerId Called), int> _pairs = [];
    private readonly Dictionary<string, int> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, PeerId Called), int> _groupsOfCalled = [];
    private int _count;

    /// <summary>Takes a place; <see cref="GiveBack"/> must follow.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="callerIp">From where; null in memory.</param>
    /// <param name="called">Whom.</param>
    /// <param name="callerShare">What the caller may carry.</param>
    /// <param name="calledShare">What the called may carry.</param>
    /// <returns>False if a limit is reached.</returns>
    public bool TryTake(PeerId caller, IPAddress? callerIp, PeerId called, out RateShare callerShare, out RateShare calledShare)
    {
        var group = GroupOf(callerIp);
        lock (_gate)
        {
            callerShare = ShareOf(caller);
            calledShare = ShareOf(called);
            if (_count >= options.MaxCircuits
                || _calling.GetValueOrDefault(caller) >= options.MaxCircuitsPerPeer
                || _called.GetValueOrDefault(called) >= options.MaxCircuitsPerPeer
                || _pairs.GetValueOrDefault((caller, called)) >= options.MaxCircuitsPerPair
                || (group is not null && (_groups.GetValueOrDefault(group) >= options.MaxCircuitsPerGroup || _groupsOfCalled.GetValueOrDefault((group, called)) >= options.MaxCircuitsPerGroupAndCalled)))
            {
                return false;
            }

            _shares[caller] = callerShare;
            _shares[called] = calledShare;
            Count(caller, group, called, 1);
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void GiveBack(PeerId caller, IPAddress? callerIp, PeerId called)
    {
        lock (_gate)
        {
            Count(caller, GroupOf(callerIp), called, -1);
            foreach (var peer in new[] { caller, called })
            {
                // Who has no circuit left begins anew.
                if (!_calling.ContainsKey(peer) && !_called.ContainsKey(peer))
                {
                    _shares.Remove(peer);
                }
            }
        }
    }

    private static string? GroupOf(IPAddress? ip) => ip is null ? null : IpGroup.Of(ip);

    private RateShare ShareOf(PeerId peer) => _shares.GetValueOrDefault(peer) ?? new RateShare(options.RatePerPeer, options.Burst, time);

    private void Count(PeerId caller, string? group, PeerId called, int by)
    {
        _count += by;
        Count(_calling, caller, by);
        Count(_called, called, by);
        Count(_pairs, (caller, called), by);
        if (group is not null)
        {
            Count(_groups, group, by);
            Count(_groupsOfCalled, (group, called), by);
        }
    }

    private static void Count<TKey>(Dictionary<TKey, int> counts, TKey key, int by)
        where TKey : notnull
    {
        var count = counts.GetValueOrDefault(key) + by;
        if (count == 0)
        {
            counts.Remove(key);
        }
        else
        {
            counts[key] = count;
        }
    }
}
