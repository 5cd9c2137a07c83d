namespace Skein.Models;

/// <summary>What a manifest may take before it is refused: it may come from anybody.</summary>
public static class ManifestLimits
{
    /// <summary>Bytes of the JSON. A model of 20,000 tensors takes some 4 MiB.</summary>
    public const int MaxJsonBytes = 32 << 20;

    /// <summary>Tensors; GGUF's own limit here.</summary>
    public const int MaxTensors = 131_072;

    /// <summary>Pieces: blocks, and the five that are not blocks.</summary>
    public const int MaxPieces = ModelShape.MaxBlocks + 5;

    /// <summary>Parts of all pieces. At 32 MB each that is 4 TB.</summary>
    public const int MaxParts = 131_072;

    /// <summary>Entries that describe the file.</summary>
    public const int MaxAboutEntries = 64;

    /// <summary>Characters of such an entry's key.</summary>
    public const int MaxAboutKeyLength = 128;

    /// <summary>Characters of such an entry's value: a licence's whole text belongs into a file beside the manifest.</summary>
    public const int MaxAboutValueLength = 1024;
}
