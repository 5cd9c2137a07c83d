namespace Skein.Gateway.Requests;

/// <summary>How a stream is written; only together with <c>stream</c>.</summary>
public sealed record StreamOptions
{
    /// <summary>Whether it ends with an event that says what the request cost.</summary>
    public bool? IncludeUsage { get; init; }
}
