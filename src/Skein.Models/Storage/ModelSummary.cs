using Skein.Core.Identity;
using Skein.Core.Units;

namespace Skein.Models;

/// <summary>A line of a list of models.</summary>
/// <param name="Name">Its label.</param>
/// <param name="Digest">Its identity; default if it is damaged.</param>
/// <param name="Shape">Its sizes; null if it is damaged.</param>
/// <param name="Size">Bytes of its tensors.</param>
/// <param name="IsBundled">Whether it came with the program.</param>
/// <param name="Problem">Why it cannot be used; null if nothing is known against it. Bytes are checked when stages are made, not here.</param>
public sealed record ModelSummary(ModelName Name, Sha256Digest Digest, ModelShape? Shape, ByteSize Size, bool IsBundled, string? Problem);
