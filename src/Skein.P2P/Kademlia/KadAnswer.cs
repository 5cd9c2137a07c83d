using Skein.P2P.Connections;

namespace Skein.P2P.Kademlia;

/// <summary>What a peer answered, and over which connection.</summary>
/// <param name="Message">The answer, with only those addresses in it that its sender may name.</param>
/// <param name="Connection">Proves who answered, and from where.</param>
internal sealed record KadAnswer(KadMessage Message, P2PConnection Connection);
