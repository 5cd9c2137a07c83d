namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A dictionary that keeps the order of insertion.</summary>
internal sealed class JinjaDictionary
{
    private readonly OrderedDictionary<JinjaValue, JinjaValue> _entries = new(JinjaKeyComparer.Instance);

    public int Count => _entries.Count;

    public IEnumerable<KeyValuePair<JinjaValue, JinjaValue>> Entries => _entries;

    public IEnumerable<JinjaValue> Keys => _entries.Keys;

    public IEnumerable<JinjaValue> Values => _entries.Values;

    public bool TryGet(string key, out JinjaValue value) => _entries.TryGetValue(JinjaValue.From(key), out value);

    public bool TryGet(JinjaValue key, out JinjaValue value)
    {
        value = default;
        return IsKey(key) && _entries.TryGetValue(key, out value);
    }

    public void Set(string key, JinjaValue value) => _entries[JinjaValue.From(key)] = value;

    /// <summary>Sets an entry; the caller pays for it.</summary>
    public void Set(JinjaValue key, JinjaValue value)
    {
        if (!IsKey(key))
        {
            throw JinjaFault.Failed($"a {key.TypeName} cannot be the key of a dictionary");
        }

        // As in Python, the first key of several equal ones stays.
        _entries[key] = value;
    }

    public bool Remove(JinjaValue key, out JinjaValue value)
    {
        value = default;
        return IsKey(key) && _entries.Remove(key, out value);
    }

    public void Clear() => _entries.Clear();

    private static bool IsKey(JinjaValue key) => key.IsText || key.IsNumber || key.IsNone;
}
