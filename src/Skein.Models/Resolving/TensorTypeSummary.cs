using Skein.Core.Units;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>How much of a model is stored in one way.</summary>
/// <param name="Type">How values are stored.</param>
/// <param name="Tensors">Tensors of it.</param>
/// <param name="Size">Their bytes.</param>
public sealed record TensorTypeSummary(GgmlType Type, int Tensors, ByteSize Size);
