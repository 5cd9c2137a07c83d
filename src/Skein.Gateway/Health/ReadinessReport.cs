namespace Skein.Gateway.Health;

/// <summary>Which models can answer at this moment.</summary>
/// <param name="Status"><c>ready</c> if at least one can, <c>not_ready</c> otherwise.</param>
/// <param name="Models">Each model.</param>
public sealed record ReadinessReport(string Status, IReadOnlyList<ModelReadiness> Models);
