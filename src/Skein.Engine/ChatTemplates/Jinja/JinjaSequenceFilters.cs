using System.Globalization;
using static Skein.Engine.ChatTemplates.Jinja.JinjaFilters;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Filters over lists and mappings. Pure.</summary>
internal static class JinjaSequenceFilters
{
    internal static JinjaValue Join(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("join", 0, "d", "attribute");
        var items = interpreter.Iterate(value);
        if (bound[1] is { IsNone: false } attribute)
        {
            items = items.ConvertAll(item => Look(interpreter, item, attribute, null));
        }

        return JinjaValue.From(JinjaTextMethods.Join(bound[0] is { } separator ? AsText(interpreter, separator).Text : string.Empty, items, interpreter.Budget));
    }

    internal static JinjaValue Map(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        // As in Jinja, nothing is asked of a value that is false: none counts as empty here.
        var items = value.IsTrue ? interpreter.Iterate(value) : [];
        if (arguments.Positional.Count > 0)
        {
            var name = RequireText("map", arguments.Positional[0]);
            var rest = arguments.Skip(1);
            return JinjaValue.FromList(items.ConvertAll(item =>
            {
                interpreter.Budget.Step();
                return interpreter.ApplyFilter(name, item, rest);
            }));
        }

        var bound = arguments.Bind("map", 0, "attribute", "default");
        var attribute = bound[0] ?? throw JinjaFault.Failed("'map' needs the name of a filter or an attribute");
        return JinjaValue.FromList(items.ConvertAll(item => Look(interpreter, item, attribute, bound[1] is { IsNone: false } fallback ? fallback : null)));
    }

    internal static JinjaValue Select(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments, bool byAttribute, bool keeps)
    {
        var first = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < first)
        {
            throw JinjaFault.Failed("'selectattr' and 'rejectattr' need the name of an attribute");
        }

        var test = arguments.Positional.Count > first ? RequireText("select", arguments.Positional[first]) : null;
        var rest = arguments.Skip(first + 1);
        List<JinjaValue> kept = [];
        foreach (var item in value.IsTrue ? interpreter.Iterate(value) : [])
        {
            var subject = byAttribute ? Look(interpreter, item, arguments.Positional[0], null) : item;
            interpreter.Budget.Step();
            if ((test is null ? subject.IsTrue : interpreter.ApplyTest(test, subject, rest)) == keeps)
            {
                kept.Add(item);
            }
        }

        return JinjaValue.FromList(kept);
    }

    internal static JinjaValue Sort(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        var attributes = bound[2] is not { IsNone: false } given ? []
            : given.IsText ? given.Text.Split(',').Select(JinjaValue.From).ToList()
            : [given];
        List<JinjaValue> Key(JinjaValue item) => attributes.Count == 0
            ? [Folded(interpreter, item, bound[1])]
            : attributes.ConvertAll(attribute => Folded(interpreter, Look(interpreter, item, attribute, null), bound[1]));
        return JinjaValue.FromList(Sorted(interpreter, interpreter.Iterate(value), item => JinjaValue.FromList(Key(item)), IsTrue(bound[0])));
    }

    internal static JinjaValue DictSort(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        var by = bound[1] is { } given ? RequireText("dictsort", given) : "key";
        if (value.Kind != JinjaKind.Dictionary || by is not ("key" or "value"))
        {
            JinjaOperators.RequireDefined(value);
            throw JinjaFault.Failed(value.Kind == JinjaKind.Dictionary ? "'dictsort' sorts by key or value" : $"'dictsort' takes a dictionary, not a {value.TypeName}");
        }

        var entries = JinjaDictionaryMethods.Items(interpreter, value.Dictionary).List.Items;
        return JinjaValue.FromList(Sorted(interpreter, entries, entry => Folded(interpreter, entry.List.Items[by == "key" ? 0 : 1], bound[0]), IsTrue(bound[2])));
    }

    /// <summary>Sorts, keeping equal ones in their order also backwards, as Python does.</summary>
    internal static List<JinjaValue> Sorted(JinjaInterpreter interpreter, List<JinjaValue> items, Func<JinjaValue, JinjaValue> key, bool isReversed)
    {
        var comparer = Comparer<JinjaValue>.Create((left, right) => JinjaOperators.Order(left, right, interpreter.Budget) ?? 0);
        interpreter.Budget.Items(items.Count);
        try
        {
            return isReversed ? [.. items.OrderByDescending(key, comparer)] : [.. items.OrderBy(key, comparer)];
        }
        catch (InvalidOperationException wrapped) when (wrapped.InnerException is JinjaFault fault)
        {
            throw new JinjaFault(fault.Error, fault.Message, fault.Line);
        }
    }

    internal static JinjaValue Unique(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("unique", 0, "case_sensitive", "attribute");
        var seen = new JinjaDictionary();
        List<JinjaValue> kept = [];
        foreach (var item in interpreter.Iterate(value))
        {
            var key = Folded(interpreter, bound[1] is { IsNone: false } attribute ? Look(interpreter, item, attribute, null) : item, bound[0]);
            if (!seen.TryGet(key, out _))
            {
                seen.Set(key, JinjaValue.None);
                kept.Add(item);
            }
        }

        return JinjaValue.FromList(kept);
    }

    internal static JinjaValue GroupBy(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("groupby", 1, "attribute", "default", "case_sensitive");
        JinjaValue Attribute(JinjaValue item) => Look(interpreter, item, bound[0]!.Value, bound[1] is { IsNone: false } fallback ? fallback : null);
        JinjaValue Key(JinjaValue item) => Folded(interpreter, Attribute(item), bound[2]);
        List<JinjaValue> groups = [];
        JinjaValue? last = null;
        foreach (var item in Sorted(interpreter, interpreter.Iterate(value), Key, isReversed: false))
        {
            var key = Key(item);
            if (last is not { } open || !JinjaOperators.AreEqual(open, key, interpreter.Budget))
            {
                interpreter.Budget.Items(3);
                groups.Add(JinjaValue.From(new JinjaGroup(Attribute(item), [])));
                last = key;
            }

            ((JinjaGroup)groups[^1].List).Members.Add(item);
        }

        return JinjaValue.FromList(groups);
    }

    internal static JinjaValue Extreme(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, int sign)
    {
        var bound = arguments.Bind(name, 0, "case_sensitive", "attribute");
        JinjaValue Key(JinjaValue item) => Folded(interpreter, bound[1] is { IsNone: false } attribute ? Look(interpreter, item, attribute, null) : item, bound[0]);
        var items = interpreter.Iterate(value);
        if (items.Count == 0)
        {
            return JinjaValue.Undefined("there is no such item, the sequence is empty");
        }

        var best = items[0];
        foreach (var item in items.Skip(1))
        {
            best = JinjaOperators.Order(Key(item), Key(best), interpreter.Budget) * sign > 0 ? item : best;
        }

        return best;
    }

    internal static JinjaValue Sum(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("sum", 0, "attribute", "start");
        var sum = bound[1] ?? JinjaValue.From(0L);
        foreach (var item in interpreter.Iterate(value))
        {
            interpreter.Budget.Step();
            sum = JinjaOperators.Apply("+", sum, bound[0] is { IsNone: false } attribute ? Look(interpreter, item, attribute, null) : item, interpreter.Budget);
        }

        return sum;
    }

    internal static JinjaValue Reverse(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("reverse");
        var items = interpreter.Iterate(value);
        items.Reverse();
        return value.IsText ? JinjaValue.From(JinjaTextMethods.Join(string.Empty, items, interpreter.Budget)) : JinjaValue.FromList(items);
    }

    internal static JinjaValue Batch(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("batch", 1, "linecount", "fill_with");
        var size = RequireWhole("batch", bound[0]!.Value);
        if (size is < 1 or > int.MaxValue)
        {
            throw JinjaFault.Failed("'batch' makes batches of at least one");
        }

        var batches = interpreter.Iterate(value).Chunk((int)size).Select(chunk => chunk.ToList()).ToList();
        interpreter.Budget.Items(batches.Count);
        if (bound[1] is { IsNone: false } fill && batches.Count > 0)
        {
            interpreter.Budget.Items(size - batches[^1].Count);
            while (batches[^1].Count < size)
            {
                batches[^1].Add(fill);
            }
        }

        return JinjaValue.FromList(batches.ConvertAll(JinjaValue.FromList));
    }

    internal static JinjaValue Slice(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("slice", 1, "slices", "fill_with");
        var count = RequireWhole("slice", bound[0]!.Value);
        if (count < 1)
        {
            throw JinjaFault.Failed("'slice' makes at least one slice");
        }

        interpreter.Budget.Items(count * 2);
        var items = interpreter.Iterate(value);
        var (size, larger) = (items.Count / (int)count, items.Count % (int)count);
        List<JinjaValue> slices = [];
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var length = size + (i < larger ? 1 : 0);
            var slice = items.GetRange(at, length);
            at += length;
            if (bound[1] is { IsNone: false } fill && i >= larger)
            {
                slice.Add(fill);
            }

            slices.Add(JinjaValue.FromList(slice));
        }

        return JinjaValue.FromList(slices);
    }

    internal static JinjaValue Folded(JinjaInterpreter interpreter, JinjaValue value, JinjaValue? caseSensitive)
    {
        if (!value.IsText || IsTrue(caseSensitive))
        {
            return value;
        }

        interpreter.Budget.Text(value.Text.Length);
        return JinjaValue.From(value.Text.ToLowerInvariant());
    }

    /// <summary>Follows a dotted attribute such as <c>function.name</c>; digits are positions in a list.</summary>
    internal static JinjaValue Look(JinjaInterpreter interpreter, JinjaValue item, JinjaValue attribute, JinjaValue? fallback)
    {
        interpreter.Budget.Step();
        if (!attribute.IsText)
        {
            return interpreter.GetItem(item, attribute);
        }

        interpreter.Budget.Scan(attribute.Text.Length);
        foreach (var part in attribute.Text.Split('.'))
        {
            interpreter.Budget.Step();
            item = interpreter.GetItem(item, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? JinjaValue.From(index) : JinjaValue.From(part));
            item = item.IsUndefined && fallback is { } given ? given : item;
        }

        return item;
    }
}
