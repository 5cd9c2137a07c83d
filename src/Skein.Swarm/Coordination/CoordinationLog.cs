using Microsoft.Extensions.Logging;
using Skein.Core.Identity;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Coordination;

/// <summary>Log lines of a coordinator.</summary>
internal static partial class CoordinationLog
{
    [LoggerMessage(EventId = 41, Level = LogLevel.Information, Message = "Node {Peer} answers and hosts {Spans}")]
    public static partial void PeerUp(ILogger logger, PeerAddress peer, string spans);

    [LoggerMessage(EventId = 42, Level = LogLevel.Warning, Message = "Node {Peer} is lost: {Reason}")]
    public static partial void PeerDown(ILogger logger, PeerAddress peer, string reason);

    [LoggerMessage(EventId = 43, Level = LogLevel.Debug, Message = "Node {Peer} does not answer: {Reason}")]
    public static partial void PeerUnreachable(ILogger logger, PeerAddress peer, string reason);

    [LoggerMessage(EventId = 44, Level = LogLevel.Warning, Message = "Session {Session} failed: {Code}: {Reason}")]
    public static partial void SessionFailed(ILogger logger, SessionId session, string code, string reason);

    [LoggerMessage(EventId = 45, Level = LogLevel.Debug, Message = "Opening session {Session} failed, trying again in {Wait}: {Reason}")]
    public static partial void OpenRetried(ILogger logger, SessionId session, TimeSpan wait, string reason);

    [LoggerMessage(EventId = 46, Level = LogLevel.Debug, Message = "Session {Session} ended without the account of {Missing} stages")]
    public static partial void AccountMissing(ILogger logger, SessionId session, int missing);

    [LoggerMessage(EventId = 47, Level = LogLevel.Error, Message = "A background task of the coordinator failed")]
    public static partial void BackgroundFailed(ILogger logger, Exception failure);
}
