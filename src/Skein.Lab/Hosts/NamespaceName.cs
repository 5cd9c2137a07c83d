using System.Globalization;

namespace Skein.Lab.Hosts;

/// <summary>Names of the laboratory's network namespaces: they say which process made them, so that what a crash left behind is known.</summary>
/// <param name="Owner">Process that made the laboratory.</param>
/// <param name="OwnerStart">When that process started, in the kernel's ticks since boot: a later process of the same number is another.</param>
/// <param name="Laboratory">Number of the laboratory in that process.</param>
/// <param name="Host">Name of the host, or of its home router.</param>
internal readonly record struct NamespaceName(int Owner, long OwnerStart, int Laboratory, string Host)
{
    private const string Prefix = "skeinlab";

    /// <summary>Whether the process that made it still runs.</summary>
    public bool OwnerLives => StartOf(Owner) == OwnerStart;

    /// <summary>Name of a laboratory's host in this process.</summary>
    public static NamespaceName Own(int laboratory, string host) =>
        new(Environment.ProcessId, StartOf(Environment.ProcessId), laboratory, host);

    /// <summary>Reads a name; false when it is not one of ours.</summary>
    public static bool TryParse(string text, out NamespaceName name)
    {
        name = default;
        var parts = text.Split('.');
        if (parts.Length != 5
            || parts[0] != Prefix
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var owner)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
            || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var laboratory))
        {
            return false;
        }

        name = new NamespaceName(owner, start, laboratory, parts[4]);
        return true;
    }

    /// <summary>What all names of one laboratory begin with.</summary>
    public string Run => string.Create(CultureInfo.InvariantCulture, $"{Prefix}.{Owner}.{OwnerStart}.{Laboratory}");

    /// <summary>The name as the system knows it.</summary>
    public override string ToString() => $"{Run}.{Host}";

    private static long StartOf(int process)
    {
        try
        {
            // Field 22 of stat; the second, the command in brackets, may hold blanks and brackets itself.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // There is no such process.
            return -1;
        }
    }
}
