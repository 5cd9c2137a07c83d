using Microsoft.Extensions.Logging;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Links;

/// <summary>Log lines about links.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Debug, Message = "Link to {Peer} for {Class} made")]
    public static partial void Made(ILogger logger, PeerAddress peer, TrafficClass @class);

    [LoggerMessage(EventId = 2, Level = LogLevel.Debug, Message = "Link to {Peer} for {Class} lost: {Reason}")]
    public static partial void Lost(ILogger logger, string peer, TrafficClass @class, string reason);
}
