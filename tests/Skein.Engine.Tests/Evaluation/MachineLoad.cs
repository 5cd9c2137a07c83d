using System.Globalization;

namespace Skein.Engine.Tests.Evaluation;

/// <summary>How much of the processors other processes used, by <c>/proc/stat</c>; nothing is known elsewhere, and then nothing is assumed.</summary>
internal readonly record struct MachineLoad(double Busy, double Total, double Own)
{
    private const double TicksPerSecond = 100;

    public static MachineLoad Read()
    {
        if (!File.Exists("/proc/stat"))
        {
            return default;
        }

        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        var total = fields.Take(8).Sum();
        return new MachineLoad(total - fields[3] - fields[4], total, Environment.CpuUsage.TotalTime.TotalSeconds * TicksPerSecond);
    }

    public static double OthersSince(MachineLoad before)
    {
        var now = Read();
        var total = now.Total - before.Total;
        return total <= 0 ? 0 : (now.Busy - before.Busy - (now.Own - before.Own)) / total;
    }
}
