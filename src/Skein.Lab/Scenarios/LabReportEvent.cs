namespace Skein.Lab.Scenarios;

/// <summary>One event of a scenario that has happened.</summary>
/// <param name="Asked">When it was to happen.</param>
/// <param name="Happened">When it did.</param>
/// <param name="What">What: <c>Cut anna ben</c>.</param>
public sealed record LabReportEvent(TimeSpan Asked, TimeSpan Happened, string What);
