using Skein.Core.Units;

namespace Skein.Models;

/// <summary>A part of a model that travels together.</summary>
/// <param name="Key">Which.</param>
/// <param name="Tensors">Its tensors.</param>
/// <param name="Size">Their bytes.</param>
public sealed record PieceSummary(PieceKey Key, int Tensors, ByteSize Size);
