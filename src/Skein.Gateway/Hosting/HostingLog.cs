using Microsoft.Extensions.Logging;

namespace Skein.Gateway.Hosting;

/// <summary>What the hosting of a gateway logs.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The chat template of {Model} cannot be used ({Reason}); only text completions are served.")]
    public static partial void TemplateRefused(ILogger logger, string model, string reason);
}
