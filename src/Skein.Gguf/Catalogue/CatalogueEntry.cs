using Skein.Core.Identity;

namespace Skein.Gguf;

/// <summary>One tensor and what its bytes hash to. Compared by value.</summary>
/// <param name="Descriptor">Name, type, shape and size.</param>
/// <param name="Sha256">Of the data, without padding.</param>
public sealed record CatalogueEntry(TensorDescriptor Descriptor, Sha256Digest Sha256);
