namespace Skein.Lab.Hosts;

/// <summary>The nftables rules of a home router, by kind.</summary>
/// <remarks>
/// The home is behind <c>lan0</c>, the internet behind <c>wan0</c>. Linux keeps the source port of a masqueraded connection while it is free, so plain masquerading maps independently of the endpoint.
/// Only TCP learns a mapping that strangers may use, as Skein speaks TCP.
/// </remarks>
internal static class HomeRules
{
    /// <summary>Rules for <c>nft -f</c>.</summary>
    /// <param name="kind">What it does with connections.</param>
    /// <param name="opensPorts">Whether there are chains into which miniupnpd writes the ports that it opens.</param>
    public static string For(NatKind kind, bool opensPorts)
    {
        // Before connection tracking: this router does not care that its own host is calling, which is what defeats a simultaneous open.
        var early = kind == NatKind.Resetting ? """iifname "wan0" tcp flags & (syn|ack) == syn reject with tcp reset""" : string.Empty;
        var isOpen = kind == NatKind.EndpointIndependent;
        var inbound = isOpen ? """iifname "wan0" dnat ip addr . port to tcp dport map @inside""" : string.Empty;
        var learn = isOpen ? """iifname "lan0" oifname "wan0" tcp flags & (syn|ack) == syn update @inside { tcp sport : ip saddr . tcp sport }""" : string.Empty;
        var welcome = isOpen || opensPorts ? "ct status dnat accept" : string.Empty;
        var ports = kind == NatKind.RandomPort ? "fully-random" : string.Empty;

        // Tables and chains that it takes when it is not told others.
        var opened = opensPorts
            ? """
            table inet filter {
              chain inbound {
                type nat hook prerouting priority dstnat - 1; policy accept;
                jump prerouting_miniupnpd
              }
              chain miniupnpd { }
              chain prerouting_miniupnpd { }
              chain postrouting_miniupnpd { }
            }
            """
            : string.Empty;
        return $$"""
            flush ruleset
            table ip home {
              map inside {
                type inet_service : ipv4_addr . inet_service
                flags dynamic,timeout
                timeout 5m
                size 4096
              }
              chain early {
                type filter hook prerouting priority raw; policy accept;
                {{early}}
              }
              chain inbound {
                type nat hook prerouting priority dstnat; policy accept;
                {{inbound}}
              }
              chain outbound {
                type nat hook postrouting priority srcnat; policy accept;
                oifname "wan0" masquerade {{ports}}
              }
              chain through {
                type filter hook forward priority filter; policy drop;
                {{learn}}
                ct state established,related accept
                iifname "lan0" oifname "wan0" accept
                {{welcome}}
              }
              chain self {
                type filter hook input priority filter; policy drop;
                iifname "lo" accept
                iifname "lan0" accept
                ct state established,related accept
                meta l4proto icmp accept
              }
            }
            {{opened}}

            """;
    }
}
