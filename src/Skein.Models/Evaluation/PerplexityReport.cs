namespace Skein.Models.Evaluation;

/// <summary>What <see cref="PerplexityRunner"/> found.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="EngineClass">Engine build, CPU variant and KV type.</param>
/// <param name="Cuts">Where it was cut.</param>
/// <param name="Windows">Windows scored.</param>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Perplexity">Exponential of the mean negative log-likelihood.</param>
public sealed record PerplexityReport(string Model, string EngineClass, IReadOnlyList<int> Cuts, int Windows, int Tokens, double Perplexity);
