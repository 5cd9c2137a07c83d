namespace Skein.Models.Evaluation;

/// <summary>Several sequences of different tokens in shared batches against each of them alone, one row at a time.</summary>
/// <param name="Sequences">Sequences in each batch.</param>
/// <param name="MaxAbsLogitDifference">Largest difference of any logit; 0 is bit for bit.</param>
/// <param name="ArgmaxEqual">Positions with the same likeliest token.</param>
/// <param name="ArgmaxTotal">Positions compared.</param>
public sealed record SequenceParity(int Sequences, double MaxAbsLogitDifference, int ArgmaxEqual, int ArgmaxTotal);
