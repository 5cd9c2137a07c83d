using System.Text.Json;
using System.Text.Json.Nodes;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>Copies JSON of any shape out of a request, checked: every string is text, and of fields that are there twice the last one counts.</summary>
internal static class JsonCopy
{
    /// <summary>Copies a value. It nests no deeper than the reader of the body allows.</summary>
    /// <param name="value">The value.</param>
    /// <param name="path">Where it stands, for the error.</param>
    /// <exception cref="ApiException">A string is no valid Unicode.</exception>
    public static JsonNode? Of(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var copy = new JsonObject();
                foreach (var field in value.EnumerateObject())
                {
                    copy[NameOf(field, path)] = Of(field.Value, path);
                }

                return copy;
            case JsonValueKind.Array:
                return new JsonArray([.. value.EnumerateArray().Select(item => Of(item, path))]);
            case JsonValueKind.String:
                return JsonValue.Create(RequestFields.TextOf(value, path));
            case JsonValueKind.Null or JsonValueKind.Undefined:
                return null;
            default:
                return JsonValue.Create(value.Clone());
        }
    }

    /// <summary>The name of a field.</summary>
    /// <exception cref="ApiException">It is no valid Unicode.</exception>
    public static string NameOf(JsonProperty field, string path)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.WrongValue(path, "the name of a field is not valid Unicode.");
        }
    }
}
