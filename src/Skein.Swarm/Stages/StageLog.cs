using Microsoft.Extensions.Logging;
using Skein.Core.Identity;

namespace Skein.Swarm.Stages;

/// <summary>Log lines of a stage service.</summary>
internal static partial class StageLog
{
    [LoggerMessage(EventId = 21, Level = LogLevel.Debug, Message = "Coordinator {Remote} connected")]
    public static partial void CoordinatorConnected(ILogger logger, string remote);

    [LoggerMessage(EventId = 22, Level = LogLevel.Debug, Message = "Coordinator {Remote} left: {Reason}")]
    public static partial void CoordinatorLeft(ILogger logger, string remote, string reason);

    [LoggerMessage(EventId = 23, Level = LogLevel.Warning, Message = "Session {Session} failed at stage {Hop}: {Code}: {Reason}")]
    public static partial void SessionFailed(ILogger logger, SessionId session, int hop, string code, string reason);

    [LoggerMessage(EventId = 24, Level = LogLevel.Error, Message = "A step of session {Session} failed unexpectedly")]
    public static partial void StepFailed(ILogger logger, Exception failure, SessionId session);

    [LoggerMessage(EventId = 25, Level = LogLevel.Error, Message = "Closing session {Session} failed")]
    public static partial void CloseFailed(ILogger logger, Exception failure, SessionId session);

    [LoggerMessage(EventId = 26, Level = LogLevel.Debug, Message = "Session {Session} refused at stage {Hop}: {Reason}")]
    public static partial void SessionRefused(ILogger logger, SessionId session, int hop, string reason);
}
