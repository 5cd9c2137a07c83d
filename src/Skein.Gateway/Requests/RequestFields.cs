using System.Text.Json;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>Reads named fields of a JSON object that a client sent. A wrong type or value ends the request with an error that names the field; null counts as absent.</summary>
/// <param name="element">The object.</param>
/// <param name="path">Where the object stands: empty for the body, <c>messages[2]</c> below it.</param>
internal readonly struct RequestFields(JsonElement element, string path)
{
    /// <summary>The object's own path.</summary>
    public string Path => path;

    /// <summary>The path of one of its fields.</summary>
    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Finds a field that is there and not null.</summary>
    public bool TryGet(string name, out JsonElement value)
    {
        try
        {
            return element.TryGetProperty(name, out value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined);
        }
        catch (InvalidOperationException)
        {
            // Looking for a name decodes those on the way.
            throw ApiException.Invalid("The name of a field is not valid Unicode: it holds half a surrogate pair or broken UTF-8.", path.Length == 0 ? null : path, "invalid_value");
        }
    }

    public string? Text(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.String ? TextOf(value, PathOf(name)) : throw WrongType(name, "a string", value);
    }

    public string RequiredText(string name) => Text(name) ?? throw ApiException.Missing(PathOf(name));

    public bool? Flag(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw WrongType(name, "a boolean", value);
    }

    public int? Integer(string name, int least, int most)
    {
        if (WholeNumber(name) is not { } value)
        {
            return null;
        }

        return value >= least && value <= most ? (int)value : throw OutOfRange(name, "an integer", least, most);
    }

    public long? WholeNumber(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            throw WrongType(name, "an integer", value);
        }

        return value.TryGetInt64(out var number) ? number : throw ApiException.WrongValue(PathOf(name), "expected an integer of at most 64 bits.");
    }

    public float? Number(string name, double least, double most)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return NumberOf(value, PathOf(name), least, most);
    }

    public RequestFields? Object(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Object ? new RequestFields(value, PathOf(name)) : throw WrongType(name, "an object", value);
    }

    /// <summary>A list that is neither empty nor longer than <paramref name="most"/>.</summary>
    public JsonElement? List(string name, int most)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw WrongType(name, "an array", value);
        }

        return value.GetArrayLength() switch
        {
            0 => throw ApiException.Invalid($"Invalid '{PathOf(name)}': empty array. Expected an array with at least one item.", PathOf(name), "empty_array"),
            var count when count > most => throw ApiException.Invalid($"Invalid '{PathOf(name)}': array too long. Expected at most {most} items, but got {count}.", PathOf(name), "array_above_max_length"),
            _ => value,
        };
    }

    /// <summary>The text of a JSON string. One whose escapes are half a surrogate pair is no text.</summary>
    public static string TextOf(JsonElement value, string path)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.WrongValue(path, "the string is not valid Unicode: it holds half a surrogate pair or broken UTF-8.");
        }
    }

    public static float NumberOf(JsonElement value, string path, double least, double most)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            throw ApiException.WrongType(path, "a number", KindOf(value));
        }

        return value.TryGetDouble(out var number) && number >= least && number <= most
            ? (float)number
            : throw ApiException.WrongValue(path, $"expected a number from {least} to {most}.");
    }

    /// <summary>What a value is, for people.</summary>
    public static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };

    public ApiException WrongType(string name, string expected, JsonElement value) => ApiException.WrongType(PathOf(name), expected, KindOf(value));

    private ApiException OutOfRange(string name, string kind, long least, long most)
        => ApiException.WrongValue(PathOf(name), most == int.MaxValue ? $"expected {kind} of at least {least}." : $"expected {kind} from {least} to {most}.");
}
