using System.Diagnostics.CodeAnalysis;

namespace Skein.Gguf;

/// <summary>The header of a GGUF file: everything but the tensors' data. Immutable.</summary>
public sealed class GgufFile
{
    private readonly Dictionary<string, GgufTensor> _byName;

    internal GgufFile(int version, GgufMetadata metadata, IReadOnlyList<GgufTensor> tensors, int alignment, long dataOffset)
    {
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
        Alignment = alignment;
        DataOffset = dataOffset;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>2 or 3.</summary>
    public int Version { get; }

    /// <summary>Keys and values.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Tensors in the file's order: names differ, data lies inside the file and does not overlap.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>What tensors are aligned to, in bytes; a power of two.</summary>
    public int Alignment { get; }

    /// <summary>Where the data section begins, in bytes from the start of the file.</summary>
    public long DataOffset { get; }

    /// <summary>The tensor of a name, if it is there.</summary>
    public bool TryGetTensor(string name, [NotNullWhen(true)] out GgufTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingTensor"/>.</exception>
    public GgufTensor GetTensor(string name)
        => TryGetTensor(name, out var tensor) ? tensor : throw new GgufException(GgufError.MissingTensor, $"The file has no tensor {name}.");
}
