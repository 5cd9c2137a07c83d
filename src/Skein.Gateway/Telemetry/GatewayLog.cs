using Microsoft.Extensions.Logging;

namespace Skein.Gateway.Telemetry;

/// <summary>What the gateway logs. Never the text of a prompt or reply.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Warning, "A reply of {Model} broke off after it had begun: {Code}.")]
    public static partial void StreamBroke(ILogger logger, string model, string? code, Exception? failure);

    [LoggerMessage(2, LogLevel.Error, "Request {RequestId} to {Endpoint} failed.")]
    public static partial void RequestFailed(ILogger logger, string requestId, string endpoint, Exception failure);

    [LoggerMessage(3, LogLevel.Debug, "Request {RequestId} to {Endpoint} was answered with {Status} {Code}.")]
    public static partial void RequestRefused(ILogger logger, string requestId, string endpoint, int status, string? code);

    [LoggerMessage(4, LogLevel.Debug, "The client of request {RequestId} to {Endpoint} left.")]
    public static partial void ClientLeft(ILogger logger, string requestId, string endpoint);
}
