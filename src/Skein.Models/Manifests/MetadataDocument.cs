using Skein.Core.Identity;

namespace Skein.Models;

/// <summary>A metadata document by its hash: <see cref="CanonicalMetadata"/>.</summary>
/// <param name="Sha256">Of its bytes; also the address of the piece that holds it.</param>
/// <param name="Length">Its bytes; at most <see cref="PieceLayout.MaxPartBytes"/>.</param>
public sealed record MetadataDocument(Sha256Digest Sha256, long Length);
