using System.Net;

namespace Skein.P2P.Transports.Tcp;

/// <summary>A connection at the port of libp2p that begins with something else, for whoever serves that.</summary>
/// <param name="Stream">Full duplex, with its first bytes unread. Whoever takes the connection owns it.</param>
/// <param name="Local">This end.</param>
/// <param name="Remote">The other end, as the network shows it.</param>
/// <param name="Upgraded">Takes what turned out to carry libp2p after all (an upgraded WebSocket), and owns it from then on: it passes the same gate as those that began with libp2p.</param>
public sealed record ForeignConnection(Stream Stream, IPEndPoint Local, IPEndPoint Remote, Action<RawConnection> Upgraded);
