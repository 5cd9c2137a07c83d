namespace Skein.Models.Evaluation;

/// <summary>Whole model against the chain, with one codec on the hops.</summary>
/// <param name="Codec">The codec.</param>
/// <param name="MaxAbsLogitDifference">Largest difference of any logit; 0 is bit for bit.</param>
/// <param name="ArgmaxEqual">Positions with the same likeliest token.</param>
/// <param name="ArgmaxTotal">Positions compared: those of the prompt and one a decode step.</param>
public sealed record CodecParity(HopCodec Codec, double MaxAbsLogitDifference, int ArgmaxEqual, int ArgmaxTotal);
