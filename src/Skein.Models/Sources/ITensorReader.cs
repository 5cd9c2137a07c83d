using Skein.Gguf;

namespace Skein.Models;

/// <summary>Access to a model's tensors. One caller at a time.</summary>
public interface ITensorReader : IAsyncDisposable
{
    /// <summary>Where a tensor's bytes are. They are not checked: whoever copies them compares them with the manifest's hash.</summary>
    /// <exception cref="ModelException">The model has no such tensor, or its bytes are missing.</exception>
    TensorLocation Locate(string name);
}
