using System.Net;

namespace Skein.Swarm.Transport;

/// <summary>Settings of <see cref="TcpRingTransport"/>.</summary>
public sealed record TcpRingTransportOptions
{
    /// <summary>Where to listen; port 0 takes a free one. Null only dials.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Connections that have not yet said what they want. When full, the oldest is dropped: a real peer needs milliseconds, so idle strangers never shut others out.</summary>
    public int MaxPendingHandshakes { get; init; } = 256;

    /// <summary>Streams being served, over all peers: each holds about 10 KiB while idle.</summary>
    public int MaxStreams { get; init; } = 2048;

    /// <summary>Streams being served for one address: several nodes and coordinators may share a home's address.</summary>
    public int MaxStreamsPerAddress { get; init; } = 512;

    /// <summary>The longest for a peer to say what it wants.</summary>
    public TimeSpan HandshakeBound { get; init; } = TimeSpan.FromSeconds(5);
}
