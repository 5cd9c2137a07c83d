namespace Skein.Swarm.Messages;

/// <summary>A wait before trying again, in whole milliseconds; 0 is none.</summary>
internal static class RetryFields
{
    /// <summary>An hour: longer waits mean "no".</summary>
    public const int MaxMilliseconds = 3_600_000;

    public static ulong ToWire(TimeSpan? wait) => wait is { } time ? (ulong)Math.Clamp((long)Math.Ceiling(time.TotalMilliseconds), 0, MaxMilliseconds) : 0;

    public static TimeSpan? FromWire(int milliseconds) => milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : null;
}
