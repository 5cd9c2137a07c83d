namespace Skein.Gguf;

/// <summary>Where a tensor's bytes are.</summary>
/// <param name="Source">A GGUF file, or a piece of a store. Borrowed.</param>
/// <param name="Offset">Where the data begins, in bytes from the start of the source.</param>
public readonly record struct TensorLocation(IRangeSource Source, long Offset);
