using Skein.Gguf;

namespace Skein.Models;

/// <summary>A whole model, wherever its bytes are: one GGUF file, or the pieces of a store. Thread-safe.</summary>
public interface IModelSource
{
    /// <summary>What the model is.</summary>
    ModelManifest Manifest { get; }

    /// <summary>Metadata that changes arithmetic.</summary>
    GgufMetadata Architecture { get; }

    /// <summary>What the imported file said about itself: name, author, licence. Not to be trusted.</summary>
    IReadOnlyDictionary<string, string> About { get; }

    /// <summary>Reads vocabulary and chat template.</summary>
    /// <exception cref="ModelException">Bytes are missing or wrong.</exception>
    ValueTask<GgufMetadata> ReadTokenizerAsync(CancellationToken cancellationToken);

    /// <summary>Opens the tensors for reading. Dispose it soon: it holds files open and a piece in memory.</summary>
    /// <exception cref="ModelException">Bytes are missing.</exception>
    ITensorReader OpenTensors();
}
