namespace Skein.Models;

/// <summary>What to keep beside an imported model.</summary>
public sealed record ImportOptions
{
    /// <summary>A file to keep as <c>LICENSE</c>; null for none.</summary>
    public string? LicenceFile { get; init; }

    /// <summary>Text to keep as <c>ORIGIN.md</c>: where the file came from; null for none.</summary>
    public string? Origin { get; init; }
}
