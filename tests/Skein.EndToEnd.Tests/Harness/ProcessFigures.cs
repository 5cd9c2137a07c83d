using System.Globalization;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary>What a process holds at this moment.</summary>
internal sealed record ProcessFigures(long ResidentBytes, int Handles, int Threads)
{
    public static ProcessFigures Of(int processId)
    {
        long resident = 0;
        var threads = 0;
        foreach (var line in File.ReadLines($"/proc/{processId}/status"))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
            {
                resident = long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
            }
            else if (line.StartsWith("Threads:", StringComparison.Ordinal))
            {
                threads = int.Parse(line["Threads:".Length..], CultureInfo.InvariantCulture);
            }
        }

        return new ProcessFigures(resident, Directory.GetFiles($"/proc/{processId}/fd").Length, threads);
    }
}
