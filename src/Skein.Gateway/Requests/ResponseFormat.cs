namespace Skein.Gateway.Requests;

/// <summary>What a reply must be.</summary>
public sealed record ResponseFormat
{
    /// <summary><c>text</c>: anything; <c>json_object</c>: one JSON object; <c>json_schema</c>: JSON that satisfies the schema.</summary>
    public required string Type { get; init; }

    /// <summary>For <c>json_schema</c>: which.</summary>
    public JsonSchemaFormat? JsonSchema { get; init; }
}
