using System.Collections.Frozen;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Methods of Python's <c>dict</c>.</summary>
internal static class JinjaDictionaryMethods
{
    public static FrozenDictionary<string, JinjaMethod> All { get; } = new Dictionary<string, JinjaMethod>(StringComparer.Ordinal)
    {
        ["get"] = (_, v, a) =>
        {
            var bound = a.Bind("get", 1, "key", "default");
            return v.Dictionary.TryGet(bound[0]!.Value, out var value) ? value : bound[1] ?? JinjaValue.None;
        },
        ["items"] = (i, v, a) =>
        {
            a.RequireNone("items");
            return Items(i, v.Dictionary);
        },
        ["keys"] = (i, v, a) =>
        {
            a.RequireNone("keys");
            return Collect(i, v.Dictionary, v.Dictionary.Keys);
        },
        ["values"] = (i, v, a) =>
        {
            a.RequireNone("values");
            return Collect(i, v.Dictionary, v.Dictionary.Values);
        },
        ["pop"] = (i, v, a) =>
        {
            var bound = a.Bind("pop", 1, "key", "default");

            // Removing keeps the order, so it moves what comes after.
            i.Budget.Step(v.Dictionary.Count);
            return v.Dictionary.Remove(bound[0]!.Value, out var value) ? value : bound[1] ?? throw JinjaFault.Failed("pop() of a key that is not there");
        },
        ["setdefault"] = (i, v, a) =>
        {
            var bound = a.Bind("setdefault", 1, "key", "default");
            if (v.Dictionary.TryGet(bound[0]!.Value, out var value))
            {
                return value;
            }

            i.Budget.Items(1);
            v.Dictionary.Set(bound[0]!.Value, bound[1] ?? JinjaValue.None);
            return bound[1] ?? JinjaValue.None;
        },
        ["update"] = (i, v, a) =>
        {
            foreach (var other in a.Positional)
            {
                CopyTo(i, other, v.Dictionary);
            }

            i.Budget.Items(a.Named.Count);
            foreach (var (name, value) in a.Named)
            {
                v.Dictionary.Set(name, value);
            }

            return JinjaValue.None;
        },
        ["copy"] = (i, v, a) =>
        {
            a.RequireNone("copy");
            var copy = new JinjaDictionary();
            CopyTo(i, v, copy);
            return JinjaValue.From(copy);
        },
        ["clear"] = (_, v, a) =>
        {
            a.RequireNone("clear");
            v.Dictionary.Clear();
            return JinjaValue.None;
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Pairs of key and value, as a list of tuples.</summary>
    public static JinjaValue Items(JinjaInterpreter interpreter, JinjaDictionary dictionary)
    {
        interpreter.Budget.Items(dictionary.Count * 3L);
        return JinjaValue.FromList([.. dictionary.Entries.Select(entry => JinjaValue.FromTuple(entry.Key, entry.Value))]);
    }

    /// <summary>Takes the entries of a dictionary, or of a list of pairs, over.</summary>
    public static void CopyTo(JinjaInterpreter interpreter, JinjaValue source, JinjaDictionary destination)
    {
        if (source.Kind == JinjaKind.Dictionary)
        {
            interpreter.Budget.Items(source.Dictionary.Count);
            foreach (var (key, value) in ReferenceEquals(source.Dictionary, destination) ? [] : source.Dictionary.Entries)
            {
                destination.Set(key, value);
            }

            return;
        }

        foreach (var pair in interpreter.Iterate(source))
        {
            var items = interpreter.Iterate(pair);
            if (items.Count != 2)
            {
                throw JinjaFault.Failed("a dictionary is made of pairs");
            }

            interpreter.Budget.Items(1);
            destination.Set(items[0], items[1]);
        }
    }

    private static JinjaValue Collect(JinjaInterpreter interpreter, JinjaDictionary dictionary, IEnumerable<JinjaValue> values)
    {
        interpreter.Budget.Items(dictionary.Count);
        return JinjaValue.FromList([.. values]);
    }
}
