namespace Skein.Swarm.Coordination;

/// <summary>A frame that is in the ring, and what must come back for it.</summary>
/// <param name="Epoch">Epoch it was sent in.</param>
/// <param name="Step">Its step.</param>
/// <param name="Position">Position of the first row that comes back.</param>
/// <param name="Rows">Rows that come back.</param>
/// <param name="IsPrefill">Whether it is a chunk of a prompt.</param>
/// <param name="Sent">When it was sent, as a timestamp of the clock.</param>
internal readonly record struct ExpectedResult(uint Epoch, uint Step, int Position, int Rows, bool IsPrefill, long Sent);
