namespace Skein.Models.Evaluation;

/// <summary>The chain in batches of several rows against the chain one row at a time.</summary>
/// <param name="Width">Rows a step.</param>
/// <param name="MaxAbsLogitDifference">Largest difference of any logit; 0 is bit for bit.</param>
/// <param name="ArgmaxEqual">Positions with the same likeliest token.</param>
/// <param name="ArgmaxTotal">Positions compared.</param>
public sealed record WidthParity(int Width, double MaxAbsLogitDifference, int ArgmaxEqual, int ArgmaxTotal);
