namespace Skein.P2P.Addressing;

/// <summary>One row of the table of protocols.</summary>
/// <param name="Code">Number on the wire.</param>
/// <param name="Name">Name in text.</param>
/// <param name="Size">Bytes of the value; 0 for none, -1 for a length before it.</param>
internal sealed record MultiaddrProtocol(MultiaddrCode Code, string Name, int Size)
{
    public const int Prefixed = -1;

    private static readonly MultiaddrProtocol[] All =
    [
        new(MultiaddrCode.Ip4, "ip4", 4), new(MultiaddrCode.Tcp, "tcp", 2), new(MultiaddrCode.Ip6, "ip6", 16), new(MultiaddrCode.Ip6Zone, "ip6zone", Prefixed),
        new(MultiaddrCode.Dns, "dns", Prefixed), new(MultiaddrCode.Dns4, "dns4", Prefixed), new(MultiaddrCode.Dns6, "dns6", Prefixed), new(MultiaddrCode.Dnsaddr, "dnsaddr", Prefixed),
        new(MultiaddrCode.Udp, "udp", 2), new(MultiaddrCode.WebRtcDirect, "webrtc-direct", 0), new(MultiaddrCode.WebRtc, "webrtc", 0), new(MultiaddrCode.P2PCircuit, "p2p-circuit", 0),
        new(MultiaddrCode.P2P, "p2p", Prefixed), new(MultiaddrCode.Tls, "tls", 0), new(MultiaddrCode.Sni, "sni", Prefixed), new(MultiaddrCode.Noise, "noise", 0),
        new(MultiaddrCode.Quic, "quic", 0), new(MultiaddrCode.QuicV1, "quic-v1", 0), new(MultiaddrCode.WebTransport, "webtransport", 0), new(MultiaddrCode.Certhash, "certhash", Prefixed),
        new(MultiaddrCode.Ws, "ws", 0), new(MultiaddrCode.Wss, "wss", 0), new(MultiaddrCode.Http, "http", 0), new(MultiaddrCode.HttpPath, "http-path", Prefixed),
        new(MultiaddrCode.Memory, "memory", Prefixed),
    ];

    private static readonly Dictionary<ulong, MultiaddrProtocol> ByCode = All.ToDictionary(protocol => (ulong)protocol.Code);

    // "ipfs" is what old addresses call p2p.
    private static readonly Dictionary<string, MultiaddrProtocol> ByName = All.Append(new(MultiaddrCode.P2P, "ipfs", Prefixed)).ToDictionary(protocol => protocol.Name, StringComparer.Ordinal);

    public static MultiaddrProtocol? Find(ulong code) => ByCode.GetValueOrDefault(code);

    public static MultiaddrProtocol? Find(string name) => ByName.GetValueOrDefault(name);
}
