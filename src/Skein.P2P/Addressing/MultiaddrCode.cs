namespace Skein.P2P.Addressing;

/// <summary>Protocols within addresses (multiformats/multiaddr, protocols.csv). Wire values.</summary>
public enum MultiaddrCode
{
    /// <summary>IPv4 address.</summary>
    Ip4 = 4,

    /// <summary>TCP port.</summary>
    Tcp = 6,

    /// <summary>IPv6 address.</summary>
    Ip6 = 41,

    /// <summary>IPv6 zone; stands before the address.</summary>
    Ip6Zone = 42,

    /// <summary>Name, any address family.</summary>
    Dns = 53,

    /// <summary>Name with IPv4 addresses.</summary>
    Dns4 = 54,

    /// <summary>Name with IPv6 addresses.</summary>
    Dns6 = 55,

    /// <summary>Name whose TXT records hold addresses.</summary>
    Dnsaddr = 56,

    /// <summary>UDP port.</summary>
    Udp = 273,

    /// <summary>WebRTC without a signalling server.</summary>
    WebRtcDirect = 280,

    /// <summary>WebRTC through a relay.</summary>
    WebRtc = 281,

    /// <summary>Through a relay.</summary>
    P2PCircuit = 290,

    /// <summary>Peer id.</summary>
    P2P = 421,

    /// <summary>TLS.</summary>
    Tls = 448,

    /// <summary>Server name of TLS.</summary>
    Sni = 449,

    /// <summary>Noise.</summary>
    Noise = 454,

    /// <summary>QUIC, draft 29.</summary>
    Quic = 460,

    /// <summary>QUIC.</summary>
    QuicV1 = 461,

    /// <summary>WebTransport.</summary>
    WebTransport = 465,

    /// <summary>Hash of a certificate.</summary>
    Certhash = 466,

    /// <summary>WebSocket.</summary>
    Ws = 477,

    /// <summary>WebSocket within TLS.</summary>
    Wss = 478,

    /// <summary>HTTP.</summary>
    Http = 480,

    /// <summary>Path of a URL.</summary>
    HttpPath = 481,

    /// <summary>Within a process, by name.</summary>
    Memory = 777,
}
