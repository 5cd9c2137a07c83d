using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>A protocol that is served here.</summary>
internal sealed record ProtocolRegistration(string Protocol, StreamClass Class, int MaxStreams, P2PStreamHandler Handler);
