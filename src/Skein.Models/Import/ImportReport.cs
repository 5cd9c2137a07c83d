using Skein.Core.Identity;
using Skein.Core.Units;

namespace Skein.Models;

/// <summary>What an import did.</summary>
/// <param name="Name">The model's label.</param>
/// <param name="Digest">Its identity.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Size">Bytes of its files.</param>
/// <param name="Written">Bytes that were not in the store before.</param>
/// <param name="Files">Its files.</param>
/// <param name="FilesWritten">Files that were not in the store before, or were damaged there.</param>
public sealed record ImportReport(ModelName Name, Sha256Digest Digest, ModelShape Shape, ByteSize Size, ByteSize Written, int Files, int FilesWritten);
