using Microsoft.Extensions.Logging;

namespace Skein.Cli.Output;

/// <summary>The program's log, on standard error. <c>SKEIN_LOG</c> sets the least level (trace, debug, information, warning, error; default warning).</summary>
internal static class Logs
{
    /// <summary>Makes loggers.</summary>
    public static ILoggerFactory Factory { get; } = LoggerFactory.Create(logging => logging
        .SetMinimumLevel(Enum.TryParse<LogLevel>(Environment.GetEnvironmentVariable("SKEIN_LOG"), ignoreCase: true, out var level) ? level : LogLevel.Warning)
        // The web server's own words about a failed start are a page of stack; the commands say it in one line.
        .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        })
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
}
