using System.Text.Json;
using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Scenarios;

/// <summary>One object of a scenario: hands out its properties and notes every fault with its place, so that a reader learns of all at once.</summary>
internal sealed class JsonSection
{
    /// <summary>Elements of one list; the longest of ours is a list of events.</summary>
    private const int MostElements = 1_000;

    private readonly JsonElement _element;
    private readonly string _place;
    private readonly List<string> _faults;
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Looks at an element; if it is no object that is a fault, and the section is empty.</summary>
    public JsonSection(JsonElement element, string place, List<string> faults)
    {
        _element = element;
        _place = place;
        _faults = faults;
        if (element.ValueKind != JsonValueKind.Object)
        {
            Fault(null, "is not an object in braces");
        }
    }

    private delegate bool Reading<T>(string text, out T value);

    /// <summary>Names of the properties, in the order of the file.</summary>
    public IReadOnlyList<string> Names =>
        _element.ValueKind == JsonValueKind.Object ? [.. _element.EnumerateObject().Select(property => property.Name)] : [];

    /// <summary>Notes a fault of a property, or of the whole section.</summary>
    public void Fault(string? name, string what) => _faults.Add($"{Place(name)} {what}");

    /// <summary>Whether there is such a property.</summary>
    public bool Has(string name) => TryGet(name, out _);

    /// <summary>Notes every property that nobody has asked for as a fault.</summary>
    public void RefuseOthers()
    {
        foreach (var name in Names.Where(name => !_asked.Contains(name)))
        {
            Fault(name, $"is unknown here; known are {string.Join(", ", _asked.Order(StringComparer.Ordinal))}");
        }
    }

    /// <summary>A part that is an object; null when it is not there.</summary>
    public JsonSection? Section(string name) => TryGet(name, out var element) ? new JsonSection(element, Place(name), _faults) : null;

    /// <summary>The objects of a list; none when it is not there.</summary>
    public IReadOnlyList<JsonSection> Sections(string name) =>
        [.. Elements(name).Select((element, i) => new JsonSection(element, $"{Place(name)}[{i}]", _faults))];

    /// <summary>A text; null when it is not there.</summary>
    public string? Text(string name)
    {
        if (!TryGet(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String)
        {
            return element.GetString();
        }

        Fault(name, "is not a text");
        return null;
    }

    /// <summary>A list of texts, or a single one; null when it is not there.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        if (!TryGet(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String)
        {
            return [element.GetString()!];
        }

        var elements = Elements(name);
        if (elements.All(text => text.ValueKind == JsonValueKind.String))
        {
            return [.. elements.Select(text => text.GetString()!)];
        }

        Fault(name, "holds something that is not a text");
        return null;
    }

    /// <summary>A truth value; false when it is not there.</summary>
    public bool Flag(string name)
    {
        if (!TryGet(name, out var element))
        {
            return false;
        }

        if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Fault(name, "is neither true nor false");
        }

        return element.ValueKind == JsonValueKind.True;
    }

    /// <summary>A number; null when it is not there.</summary>
    public double? Number(string name)
    {
        if (!TryGet(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number))
        {
            return number;
        }

        Fault(name, "is not a number");
        return null;
    }

    /// <summary>A whole number from 0; null when it is not there.</summary>
    public ulong? Whole(string name)
    {
        if (!TryGet(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetUInt64(out var number))
        {
            return number;
        }

        Fault(name, "is not a whole number from 0");
        return null;
    }

    /// <summary>A share, as a number or in per cent; null when it is not there.</summary>
    public double? Share(string name) => TryGet(name, out var element) && element.ValueKind == JsonValueKind.Number
        ? Number(name)
        : Quantity<double>(name, ScenarioUnits.TryShare, "is not a share such as 0.005 or \"0.5%\"");

    /// <summary>A time span; null when it is not there.</summary>
    public TimeSpan? Duration(string name) => Quantity<TimeSpan>(name, ScenarioUnits.TryDuration, "is not a time such as \"40ms\", \"1.5s\" or \"2min\", of a day at most");

    /// <summary>A rate; null when it is not there.</summary>
    public BitRate? Rate(string name) => Quantity<BitRate>(name, ScenarioUnits.TryRate, "is not a rate such as \"20mbit\", \"512kbit\" or \"unlimited\"");

    /// <summary>A size; null when it is not there.</summary>
    public ByteSize? Size(string name) => Quantity<ByteSize>(name, ScenarioUnits.TrySize, "is not a size such as \"64KiB\" or \"1MiB\"");

    private string Place(string? name) => (name, _place.Length) switch
    {
        (null, 0) => "the file",
        (null, _) => _place,
        (_, 0) => name,
        _ => $"{_place}.{name}",
    };

    private bool TryGet(string name, out JsonElement element)
    {
        _asked.Add(name);
        element = default;
        return _element.ValueKind == JsonValueKind.Object && _element.TryGetProperty(name, out element);
    }

    private T? Quantity<T>(string name, Reading<T> read, string otherwise)
        where T : struct
    {
        if (!TryGet(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.String && read(element.GetString()!, out var value))
        {
            return value;
        }

        Fault(name, otherwise);
        return null;
    }

    private IReadOnlyList<JsonElement> Elements(string name)
    {
        if (!TryGet(name, out var element))
        {
            return [];
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            Fault(name, "is not a list in square brackets");
            return [];
        }

        if (element.GetArrayLength() > MostElements)
        {
            Fault(name, $"has {element.GetArrayLength()} elements; at most {MostElements} are allowed");
            return [];
        }

        return [.. element.EnumerateArray()];
    }
}
