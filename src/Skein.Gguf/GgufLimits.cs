using Skein.Core.Units;

namespace Skein.Gguf;

/// <summary>What a GGUF header may take before it is refused. Immutable.</summary>
/// <remarks>Everything is checked before memory is taken for it. Parsing takes at most about four times <see cref="MaxHeader"/> (many short strings).</remarks>
public sealed record GgufLimits
{
    /// <summary>The defaults.</summary>
    public static GgufLimits Default { get; } = new();

    /// <summary>Metadata and tensor table together. The largest published ones (vocabularies of 262,144 tokens with merges) take some 16 MiB.</summary>
    public ByteSize MaxHeader { get; init; } = ByteSize.MiB(64);

    /// <summary>Metadata keys. Published files have below 100; quantisation notes and adapters add some.</summary>
    public int MaxKeys { get; init; } = 16_384;

    /// <summary>Tensors. The largest published models have some 2,000; old mixtures with one tensor an expert some 20,000.</summary>
    public int MaxTensors { get; init; } = 131_072;

    /// <summary>UTF-8 bytes of a key, as GGUF's specification has it.</summary>
    public int MaxKeyBytes { get; init; } = 65_535;

    /// <summary>UTF-8 bytes of one string. The largest are chat templates, some 100 KiB.</summary>
    public ByteSize MaxString { get; init; } = ByteSize.MiB(8);

    /// <summary>Elements of one array. Merges of the largest vocabularies: some 500,000.</summary>
    public int MaxArrayElements { get; init; } = 4_194_304;

    /// <summary>Bytes that a tensor's start may be aligned to. 32 is the rule; larger than 64 KiB would only blow files up.</summary>
    public int MaxAlignment { get; init; } = 65_536;
}
