namespace Skein.P2P.Transports.Tcp;

/// <summary>How TCP is used. Immutable.</summary>
public sealed record TcpTransportOptions
{
    /// <summary>Whether dials leave from the listening port, so that a home router maps both to one outer port. Falls back to any port.</summary>
    public bool DialFromListenPort { get; init; } = true;

    /// <summary>Bytes that the kernel takes before they are sent: what a decode message may have to wait behind. 13 ms at 20 Mbit/s.</summary>
    public int MaxUnsent { get; init; } = 32 * 1024;

    /// <summary>Accepted connections whose first bytes have not come; a newcomer beyond that replaces the one that has been silent for longest.</summary>
    public int MaxUndecided { get; init; } = 64;

    /// <summary>How long the first bytes may take.</summary>
    public TimeSpan FirstBytesTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Takes connections that start with an HTTP request; null to accept WebSocket upgrades here and refuse the rest. Its task may end before the connection does.</summary>
    public Func<ForeignConnection, Task>? HttpHandler { get; init; }

    /// <summary>Takes connections that start with a TLS handshake; null to close them. Its task may end before the connection does.</summary>
    public Func<ForeignConnection, Task>? TlsHandler { get; init; }
}
