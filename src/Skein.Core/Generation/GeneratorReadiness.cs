namespace Skein.Core.Generation;

/// <summary>Whether a model can answer now.</summary>
/// <param name="IsReady">A complete chain is known to be alive.</param>
/// <param name="Reason">What is missing, for people; null when ready.</param>
public sealed record GeneratorReadiness(bool IsReady, string? Reason);
