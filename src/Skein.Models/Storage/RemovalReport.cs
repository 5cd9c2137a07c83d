using Skein.Core.Units;

namespace Skein.Models;

/// <summary>What a removal did.</summary>
/// <param name="Name">The model that is gone.</param>
/// <param name="Files">Piece files that were deleted.</param>
/// <param name="Freed">Their bytes.</param>
public sealed record RemovalReport(ModelName Name, int Files, ByteSize Freed);
