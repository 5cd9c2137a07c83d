using System.Runtime.InteropServices;

namespace Skein.Lab.Kernel;

/// <summary>A time span or a point in time; the kernel's <c>struct timespec</c> on 64-bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    private const long PerSecond = 1_000_000_000;

    private nint _seconds;
    private nint _nanoseconds;

    /// <summary>The whole in nanoseconds.</summary>
    public readonly long Nanoseconds => (_seconds * PerSecond) + _nanoseconds;

    /// <summary>Splits nanoseconds.</summary>
    public static TimeValue From(long nanoseconds) => new()
    {
        _seconds = (nint)(nanoseconds / PerSecond),
        _nanoseconds = (nint)(nanoseconds % PerSecond),
    };
}
