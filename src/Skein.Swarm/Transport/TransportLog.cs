using Microsoft.Extensions.Logging;

namespace Skein.Swarm.Transport;

/// <summary>Log lines of transports.</summary>
internal static partial class TransportLog
{
    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "Accepting a connection failed ({Reason}); trying again")]
    public static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(EventId = 12, Level = LogLevel.Error, Message = "The handler of an inbound stream failed")]
    public static partial void HandlerFailed(ILogger logger, Exception failure);
}
