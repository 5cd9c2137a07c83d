using Skein.Core.Identity;

namespace Skein.Models;

/// <summary>A file of the store: a piece, or a range of one that is too long for a single file.</summary>
/// <param name="Sha256">Of its bytes: its address.</param>
/// <param name="Length">Its bytes; 1 to <see cref="PieceLayout.MaxPartBytes"/>.</param>
public sealed record PiecePart(Sha256Digest Sha256, long Length);
