using Microsoft.Extensions.Logging;
using Skein.P2P.Addressing;

namespace Skein.Node;

internal static partial class NodeLog
{
    [LoggerMessage(EventId = 41, Level = LogLevel.Information, Message = "Others reach this node by {Addresses}")]
    public static partial void Reachable(ILogger log, IReadOnlyList<Multiaddr> addresses);

    [LoggerMessage(EventId = 42, Level = LogLevel.Information, Message = "Others cannot reach this node directly: it is reached through relays, and directly where hole punching works ('skein net check' says more)")]
    public static partial void Unreachable(ILogger log);
}
