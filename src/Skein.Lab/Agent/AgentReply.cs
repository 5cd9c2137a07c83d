namespace Skein.Lab.Agent;

/// <summary>One line of an agent's output: what came of a command.</summary>
/// <param name="Id">Number of the command.</param>
/// <param name="Error">What went wrong, or null.</param>
/// <param name="RoundTrips">Each round trip, in milliseconds.</param>
/// <param name="BitsPerSecond">Rate of the payload that arrived.</param>
/// <param name="Count">How many arrived.</param>
/// <param name="Text">An address, or the outcome of a call.</param>
internal sealed record AgentReply(
    int Id,
    string? Error = null,
    IReadOnlyList<double>? RoundTrips = null,
    double BitsPerSecond = 0,
    int Count = 0,
    string? Text = null);
