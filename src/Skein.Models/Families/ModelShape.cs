using Skein.Gguf;

namespace Skein.Models;

/// <summary>The sizes that everybody asks for, read from a model's metadata.</summary>
/// <param name="Architecture">Value of <c>general.architecture</c>.</param>
/// <param name="BlockCount">Transformer blocks; 1 to <see cref="MaxBlocks"/>.</param>
/// <param name="Width">Values of a hidden row.</param>
/// <param name="ContextLength">Tokens that the model was trained for.</param>
public readonly record struct ModelShape(string Architecture, int BlockCount, int Width, int ContextLength)
{
    /// <summary>llama.cpp has room for 512 blocks (<c>LLAMA_MAX_LAYERS</c>); a greater count would only make work.</summary>
    public const int MaxBlocks = 512;

    /// <summary>The widest published models have 18,432; the bound keeps a row below 1 MiB.</summary>
    public const int MaxWidth = 262_144;

    /// <summary>The longest published names have some 20 characters.</summary>
    public const int MaxArchitectureLength = 64;

    /// <summary>Reads the sizes.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.UnsupportedModel"/>: a size is missing or absurd.</exception>
    public static ModelShape Read(GgufMetadata metadata)
    {
        try
        {
            var architecture = metadata.Architecture;
            if (architecture.Length is 0 or > MaxArchitectureLength || architecture.Any(letter => letter is <= ' ' or > '~'))
            {
                throw new ModelException(ModelError.UnsupportedModel, $"general.architecture is no name of 1 to {MaxArchitectureLength} printable characters of ASCII.");
            }

            return new ModelShape(
                architecture,
                Size(metadata, $"{architecture}.block_count", MaxBlocks),
                Size(metadata, $"{architecture}.embedding_length", MaxWidth),
                Size(metadata, $"{architecture}.context_length", int.MaxValue));
        }
        catch (GgufException e)
        {
            throw new ModelException(ModelError.UnsupportedModel, $"This is no language model that can be served: {e.Message}", e);
        }
    }

    private static int Size(GgufMetadata metadata, string key, int most)
    {
        var value = metadata.GetCount(key);
        return value >= 1 && value <= most
            ? value
            : throw new ModelException(ModelError.UnsupportedModel, $"{key} is {value}; 1 to {most} make sense.");
    }
}
