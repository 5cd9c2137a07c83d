using System.Globalization;
using System.Diagnostics;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary>Sends signals to processes that a test started.</summary>
internal static class Signals
{
    public const string Interrupt = "INT";
    public const string Stop = "STOP";
    public const string Continue = "CONT";

    public static void Send(int processId, string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, processId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
