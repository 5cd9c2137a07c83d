using System.Runtime.InteropServices;

namespace Skein.Lab.Kernel;

/// <summary>One file to wait for; the kernel's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    /// <summary>The file; negative entries are skipped.</summary>
    public int File;

    /// <summary>What to wait for.</summary>
    public short Wanted;

    /// <summary>What came.</summary>
    public short Got;
}
