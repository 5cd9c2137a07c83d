using System.Text.Json;

namespace Skein.Gateway.Requests;

/// <summary>The JSON that a reply must be.</summary>
public sealed record JsonSchemaFormat
{
    /// <summary>Names the schema; ignored.</summary>
    public string? Name { get; init; }

    /// <summary>The schema. A reply always keeps to it, whatever <c>strict</c> says; a keyword that cannot be kept is refused.</summary>
    public required JsonElement Schema { get; init; }
}
