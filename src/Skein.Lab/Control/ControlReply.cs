namespace Skein.Lab.Control;

/// <summary>What a laboratory answers to a command.</summary>
/// <param name="Error">What was wrong with it; null when it was done.</param>
/// <param name="Status">How the laboratory is afterwards.</param>
internal sealed record ControlReply(string? Error, LabStatus? Status);
