using Skein.Lab.Router;

namespace Skein.Lab.Control;

/// <summary>How a running laboratory is.</summary>
/// <param name="Laboratory">Its name.</param>
/// <param name="Hosts">Its hosts.</param>
/// <param name="Links">What happened on the lines that carried anything.</param>
/// <param name="Router">How well the router keeps time.</param>
public sealed record LabStatus(
    string Laboratory,
    IReadOnlyList<LabHostStatus> Hosts,
    IReadOnlyList<LinkCounters> Links,
    RouterLoad Router);
