namespace Skein.Gateway.Requests;

/// <summary>What a reply must be.</summary>
public sealed record ResponseFormat
{
    /// <summary><c>text</c>: anything; <c>json_object</c>: one JSON object.</summary>
    public required string Type { get; init; }
}
