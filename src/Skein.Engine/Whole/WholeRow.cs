namespace Skein.Engine.Whole;

/// <summary>One row of a batch of the whole model.</summary>
/// <param name="Token">Token id.</param>
/// <param name="Position">Its position, which continues its sequence.</param>
/// <param name="Sequence">The sequence, from 0.</param>
public readonly record struct WholeRow(int Token, int Position, int Sequence);
