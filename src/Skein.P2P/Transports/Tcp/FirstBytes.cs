namespace Skein.P2P.Transports.Tcp;

/// <summary>What the first three bytes of a connection say.</summary>
public enum FirstBytes
{
    /// <summary>Nothing that is spoken here.</summary>
    Unknown = 0,

    /// <summary>The header of multistream-select: libp2p.</summary>
    Multistream = 1,

    /// <summary>A verb of HTTP.</summary>
    Http = 2,

    /// <summary>A handshake of TLS.</summary>
    Tls = 3,
}
