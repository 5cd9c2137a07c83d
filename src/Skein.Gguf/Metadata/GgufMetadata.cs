using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Skein.Gguf;

/// <summary>Keys and values of a file, in the file's order. Immutable: edits give a new one. Compared by reference.</summary>
public sealed class GgufMetadata : IReadOnlyList<KeyValuePair<string, GgufValue>>
{
    private readonly KeyValuePair<string, GgufValue>[] _entries;
    private readonly Dictionary<string, int> _index;

    /// <summary>Takes keys and values in order.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.DuplicateKey"/> or <see cref="GgufError.BadKey"/>.</exception>
    public GgufMetadata(params IEnumerable<KeyValuePair<string, GgufValue>> entries)
    {
        _entries = [.. entries];
        _index = new Dictionary<string, int>(_entries.Length, StringComparer.Ordinal);
        for (var i = 0; i < _entries.Length; i++)
        {
            if (_entries[i].Key.Length == 0)
            {
                throw new GgufException(GgufError.BadKey, "A metadata key is empty.");
            }

            if (!_index.TryAdd(_entries[i].Key, i))
            {
                throw new GgufException(GgufError.DuplicateKey, $"The metadata key {_entries[i].Key} is there twice.");
            }
        }
    }

    /// <summary>No keys.</summary>
    public static GgufMetadata Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _entries.Length;

    /// <summary>The architecture, <c>general.architecture</c>: <c>llama</c>, <c>gemma3</c>, ...</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public string Architecture => GetString("general.architecture");

    /// <inheritdoc/>
    public KeyValuePair<string, GgufValue> this[int index] => _entries[index];

    /// <summary>The value of a key.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/>.</exception>
    public GgufValue this[string key]
        => TryGet(key, out var value) ? value : throw new GgufException(GgufError.MissingKey, $"The metadata lacks {key}.");

    /// <summary>Whether a key is there.</summary>
    public bool Contains(string key) => _index.ContainsKey(key);

    /// <summary>The value of a key, if it is there.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out GgufValue? value)
    {
        var found = _index.TryGetValue(key, out var i);
        value = found ? _entries[i].Value : null;
        return found;
    }

    /// <summary>Text.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public string GetString(string key) => this[key].TryGetString(out var text) ? text : throw WrongType(key, "a string");

    /// <summary>Text, if the key is there.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.WrongType"/>.</exception>
    public bool TryGetString(string key, [NotNullWhen(true)] out string? value)
    {
        value = Contains(key) ? GetString(key) : null;
        return value is not null;
    }

    /// <summary>An integer of any width that fits 32 unsigned bits.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public uint GetUInt32(string key)
        => this[key].TryGetInt64(out var value) && value is >= 0 and <= uint.MaxValue ? (uint)value : throw WrongType(key, "an unsigned 32-bit integer");

    /// <summary>The same, if the key is there.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.WrongType"/>.</exception>
    public bool TryGetUInt32(string key, out uint value)
    {
        var found = Contains(key);
        value = found ? GetUInt32(key) : 0;
        return found;
    }

    /// <summary>An integer of any width that fits 31 bits: counts and sizes.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public int GetCount(string key)
        => this[key].TryGetInt64(out var value) && value is >= 0 and <= int.MaxValue ? (int)value : throw WrongType(key, "a count");

    /// <summary>A number of any type.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public float GetSingle(string key) => this[key].TryGetDouble(out var value) ? (float)value : throw WrongType(key, "a number");

    /// <summary>The same, if the key is there.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.WrongType"/>.</exception>
    public bool TryGetSingle(string key, out float value)
    {
        var found = Contains(key);
        value = found ? GetSingle(key) : 0;
        return found;
    }

    /// <summary>A truth value.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public bool GetBool(string key) => this[key].TryGetBool(out var value) ? value : throw WrongType(key, "a bool");

    /// <summary>The same, if the key is there.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.WrongType"/>.</exception>
    public bool TryGetBool(string key, out bool value)
    {
        var found = Contains(key);
        value = found && GetBool(key);
        return found;
    }

    /// <summary>An array of exactly that element type.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.MissingKey"/> or <see cref="GgufError.WrongType"/>.</exception>
    public ReadOnlyMemory<T> GetArray<T>(string key)
        where T : notnull
        => this[key].TryGetArray<T>(out var values) ? values : throw WrongType(key, $"an array of {typeof(T).Name}");

    /// <summary>The same, if the key is there.</summary>
    /// <exception cref="GgufException"><see cref="GgufError.WrongType"/>.</exception>
    public bool TryGetArray<T>(string key, out ReadOnlyMemory<T> values)
        where T : notnull
    {
        var found = Contains(key);
        values = found ? GetArray<T>(key) : default;
        return found;
    }

    /// <summary>With one key set: in its place if it is there, else at the end.</summary>
    public GgufMetadata With(string key, GgufValue value) => With([KeyValuePair.Create(key, value)]);

    /// <summary>With keys set: each in its place if it is there, else at the end in the order given.</summary>
    public GgufMetadata With(IEnumerable<KeyValuePair<string, GgufValue>> values)
    {
        var entries = _entries.ToList();
        var index = new Dictionary<string, int>(_index, StringComparer.Ordinal);
        foreach (var entry in values)
        {
            if (index.TryGetValue(entry.Key, out var i))
            {
                entries[i] = entry;
            }
            else
            {
                index.Add(entry.Key, entries.Count);
                entries.Add(entry);
            }
        }

        return new GgufMetadata(entries);
    }

    /// <summary>Without the keys that begin with <paramref name="prefix"/>; a whole key is its own prefix.</summary>
    public GgufMetadata Without(string prefix) => new(_entries.Where(entry => !entry.Key.StartsWith(prefix, StringComparison.Ordinal)));

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, GgufValue>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, GgufValue>>)_entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _entries.GetEnumerator();

    private GgufException WrongType(string key, string wanted)
    {
        var value = this[key];
        var actual = value.IsArray ? $"an array of {value.Count} {value.ElementType}" : $"{value.Type} {value}";
        return new GgufException(GgufError.WrongType, $"The metadata key {key} is {actual}; {wanted} is needed.");
    }
}
