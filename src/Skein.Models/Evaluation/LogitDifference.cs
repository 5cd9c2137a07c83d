namespace Skein.Models.Evaluation;

/// <summary>How far two computations of the same positions are apart.</summary>
/// <param name="MaxAbsLogitDifference">Largest difference of any logit; 0 is bit for bit.</param>
/// <param name="ArgmaxEqual">Positions with the same likeliest token.</param>
/// <param name="ArgmaxTotal">Positions compared.</param>
public sealed record LogitDifference(double MaxAbsLogitDifference, int ArgmaxEqual, int ArgmaxTotal);
