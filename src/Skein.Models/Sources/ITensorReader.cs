using Skein.Gguf;

namespace Skein.Models;

/// <summary>Access to a model's tensors. One caller at a time.</summary>
public interface ITensorReader : IAsyncDisposable
{
    /// <summary>Where a tensor's bytes are. Reading them may fail with <see cref="ModelError.CorruptPiece"/>: bytes are checked before they are handed out where they were not checked before.</summary>
    /// <exception cref="ModelException">The model has no such tensor, or its bytes are missing.</exception>
    TensorLocation Locate(string name);
}
