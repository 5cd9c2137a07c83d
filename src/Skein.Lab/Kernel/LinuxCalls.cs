using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skein.Lab.Kernel;

/// <summary>The few system calls that .NET does not offer and the laboratory needs.</summary>
/// <remarks>
/// Every signature is blittable, so that plain imports do: the generator of <c>LibraryImport</c> would ask for unsafe code in this project, which the house keeps to the engine.
/// All return -1 on failure and leave the reason in <see cref="Marshal.GetLastPInvokeError"/>.
/// </remarks>
internal static class LinuxCalls
{
    public const int ReadWrite = 2;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int SetTimerSlack = 29;
    public const int FirstInFirstOut = 1;
    public const int ResetOnFork = 0x40000000;
    public const int ThreadCpuTime = 3;
    public const short PollIn = 1;
    public const int Again = 11;
    public const int Interrupted = 4;

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Ioctl(SafeFileHandle file, nuint request, byte[] argument);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint Read(SafeFileHandle file, ref byte buffer, nuint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern nint Write(SafeFileHandle file, ref readonly byte buffer, nuint count);

    [DllImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Poll(ref PollEntry entries, nuint count, ref TimeValue timeout, nint signalMask);

    [DllImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int EventCounter(uint initial, int flags);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Control(int option, nuint argument, nuint unused3, nuint unused4, nuint unused5);

    [DllImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int SetScheduler(int thread, int policy, ref int priority);

    [DllImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int ReadClock(int clock, ref TimeValue time);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Signal(int process, int signal);
}
