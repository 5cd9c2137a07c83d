using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Jinja's filters, with <c>tojson</c> as the transformers library replaces it. Those for web pages, for chance and for debugging are left out.</summary>
internal static class JinjaFilters
{
    public static FrozenDictionary<string, JinjaMethod> All { get; } = new Dictionary<string, JinjaMethod>(StringComparer.Ordinal)
    {
        ["abs"] = (_, v, a) =>
        {
            a.RequireNone("abs");
            JinjaOperators.RequireDefined(v);
            return !v.IsNumber ? throw JinjaFault.Failed($"a {v.TypeName} has no absolute value") : v.Number < 0 ? JinjaOperators.Negate(v) : v.Kind == JinjaKind.Boolean ? JinjaValue.From(v.Integer) : v;
        },
        ["attr"] = (_, v, a) =>
        {
            var name = Text("attr", a.Bind("attr", 1, "name")[0]!.Value);
            JinjaOperators.RequireDefined(v);
            return v.Kind == JinjaKind.Object && v.Object.TryGetAttribute(name, out var value) ? value : JinjaValue.Undefined($"a {v.TypeName} has no such attribute");
        },
        ["batch"] = Batch,
        ["capitalize"] = (i, v, a) => Change(i, "capitalize", v, a, PythonText.Capitalize),
        ["center"] = (i, v, a) => JinjaTextMethods.All["center"](i, AsText(i, v), new JinjaArguments([a.Bind("center", 0, "width")[0] ?? JinjaValue.From(80L)], [])),
        ["count"] = Length,
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = DictSort,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["first"] = (i, v, a) =>
        {
            a.RequireNone("first");
            return i.Iterate(v) is [var first, ..] ? first : JinjaValue.Undefined("there is no first item, the sequence is empty");
        },
        ["float"] = Float,
        ["forceescape"] = Escape,
        ["format"] = Format,
        ["groupby"] = GroupBy,
        ["indent"] = Indent,
        ["int"] = Int,
        ["items"] = (i, v, a) =>
        {
            a.RequireNone("items");
            return v.Kind switch
            {
                JinjaKind.Undefined => JinjaValue.FromList([]),
                JinjaKind.Dictionary => JinjaDictionaryMethods.Items(i, v.Dictionary),
                _ => throw JinjaFault.Failed($"a {v.TypeName} has no pairs: 'items' takes a dictionary"),
            };
        },
        ["join"] = Join,
        ["last"] = (i, v, a) =>
        {
            a.RequireNone("last");
            return i.Iterate(v) is [.., var last] ? last : JinjaValue.Undefined("there is no last item, the sequence is empty");
        },
        ["length"] = Length,
        ["list"] = (i, v, a) =>
        {
            a.RequireNone("list");
            return JinjaValue.FromList(i.Iterate(v));
        },
        ["lower"] = (i, v, a) => Change(i, "lower", v, a, text => text.ToLowerInvariant()),
        ["map"] = Map,
        ["max"] = (i, v, a) => Extreme(i, "max", v, a, sign: 1),
        ["min"] = (i, v, a) => Extreme(i, "min", v, a, sign: -1),
        ["reject"] = (i, v, a) => Select(i, v, a, byAttribute: false, keeps: false),
        ["rejectattr"] = (i, v, a) => Select(i, v, a, byAttribute: true, keeps: false),
        ["replace"] = Replace,
        ["reverse"] = Reverse,
        ["round"] = Round,
        ["safe"] = String,
        ["select"] = (i, v, a) => Select(i, v, a, byAttribute: false, keeps: true),
        ["selectattr"] = (i, v, a) => Select(i, v, a, byAttribute: true, keeps: true),
        ["slice"] = Slice,
        ["sort"] = Sort,
        ["string"] = String,
        ["sum"] = Sum,
        ["title"] = (i, v, a) => Change(i, "title", v, a, PythonText.TitleWords),
        ["tojson"] = ToJson,
        ["trim"] = (i, v, a) => JinjaTextMethods.All["strip"](i, AsText(i, v), a),
        ["truncate"] = Truncate,
        ["unique"] = Unique,
        ["upper"] = (i, v, a) => Change(i, "upper", v, a, text => text.ToUpperInvariant()),
        ["wordcount"] = WordCount,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static JinjaValue AsText(JinjaInterpreter interpreter, JinjaValue value) => value.IsText ? value : JinjaValue.From(JinjaPrinter.ToText(value, interpreter.Budget));

    private static string Text(string filter, JinjaValue value) => value.IsText ? value.Text : throw JinjaFault.Failed($"'{filter}' takes text, not a {value.TypeName}");

    private static long Whole(string filter, JinjaValue value) => value.IsWhole ? value.Integer : throw JinjaFault.Failed($"'{filter}' takes a whole number, not a {value.TypeName}");

    private static bool IsTrue(JinjaValue? value) => value is { IsTrue: true };

    private static JinjaValue Change(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<string, string> change)
    {
        arguments.RequireNone(name);
        var text = AsText(interpreter, value).Text;
        interpreter.Budget.Text(text.Length);
        return JinjaValue.From(change(text));
    }

    private static JinjaValue String(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("string");
        return AsText(interpreter, value);
    }

    private static JinjaValue Length(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("length");
        if (value.IsText)
        {
            interpreter.Budget.Scan(value.Text.Length);
            return JinjaValue.From((long)PythonText.Length(value.Text));
        }

        return JinjaValue.From(value.Kind switch
        {
            JinjaKind.List => (long)value.List.Items.Count,
            JinjaKind.Dictionary => value.Dictionary.Count,
            JinjaKind.Undefined => 0,
            _ => throw JinjaFault.Failed($"a {value.TypeName} has no length"),
        });
    }

    private static JinjaValue Default(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("default", 0, "default_value", "boolean");
        return value.IsUndefined || (IsTrue(bound[1]) && !value.IsTrue) ? bound[0] ?? JinjaValue.Empty : value;
    }

    private static JinjaValue Escape(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("escape");
        var text = AsText(interpreter, value).Text;
        foreach (var (character, entity) in new[] { ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;") })
        {
            text = JinjaTextMethods.Replace(text, character, entity, -1, interpreter.Budget);
        }

        return JinjaValue.From(text);
    }

    private static JinjaValue Format(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        if (arguments.Named.Count == 0)
        {
            return JinjaValue.From(PythonFormat.Percent(AsText(interpreter, value).Text, JinjaValue.FromTuple([.. arguments.Positional]), interpreter.Budget));
        }

        if (arguments.Positional.Count > 0)
        {
            throw JinjaFault.Failed("'format' takes positional or named values, not both");
        }

        var named = new JinjaDictionary();
        foreach (var (name, item) in arguments.Named)
        {
            named.Set(name, item);
        }

        return JinjaValue.From(PythonFormat.Percent(AsText(interpreter, value).Text, JinjaValue.From(named), interpreter.Budget));
    }

    private static JinjaValue Replace(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("replace", 2, "old", "new", "count");
        string TextOf(JinjaValue item) => AsText(interpreter, item).Text;
        return JinjaValue.From(JinjaTextMethods.Replace(TextOf(value), TextOf(bound[0]!.Value), TextOf(bound[1]!.Value), bound[2] is { IsNone: false } count ? Whole("replace", count) : -1, interpreter.Budget));
    }

    private static JinjaValue Indent(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("indent", 0, "width", "first", "blank");
        var text = AsText(interpreter, value).Text;
        interpreter.Budget.Text(text.Length);
        var lines = PythonText.Lines(text + "\n");
        string indentation;
        if (bound[0] is { IsText: true } given)
        {
            indentation = given.Text;
        }
        else
        {
            var width = bound[0] is { } number ? Math.Max(0, Whole("indent", number)) : 4;
            interpreter.Budget.Text(width);
            indentation = new string(' ', (int)width);
        }

        interpreter.Budget.Items(lines.Count);
        interpreter.Budget.Text(text.Length);
        var output = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            output.Append(i == 0 ? string.Empty : "\n");
            if (i == 0 ? IsTrue(bound[1]) : IsTrue(bound[2]) || lines[i].Length > 0)
            {
                interpreter.Budget.Text(indentation.Length);
                output.Append(indentation);
            }

            output.Append(lines[i]);
        }

        return JinjaValue.From(output.ToString());
    }

    private static JinjaValue Truncate(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("truncate", 0, "length", "killwords", "end", "leeway");
        var text = AsText(interpreter, value).Text;
        var length = bound[0] is { } given ? Whole("truncate", given) : 255;
        var end = bound[2] is { } ending ? Text("truncate", ending) : "...";
        var leeway = bound[3] is { IsNone: false } more ? Whole("truncate", more) : 5;
        var kept = length - PythonText.Length(end);
        if (kept < 0 || leeway < 0)
        {
            throw JinjaFault.Failed("'truncate' to less than its own ending");
        }

        interpreter.Budget.Scan(text.Length);
        if (PythonText.Length(text) <= length + (double)leeway)
        {
            return JinjaValue.From(text);
        }

        var cut = JinjaSlices.Cut(text, 0, Math.Min(kept, PythonText.Length(text)), 1, interpreter.Budget);
        var space = cut.LastIndexOf(' ');
        return JinjaValue.From((IsTrue(bound[1]) || space < 0 ? cut : cut[..space]) + end);
    }

    private static JinjaValue WordCount(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("wordcount");
        var text = AsText(interpreter, value).Text;
        interpreter.Budget.Scan(text.Length * 8L);
        long words = 0;
        var inWord = false;
        foreach (var character in text)
        {
            var isWord = character == '_' || char.IsLetterOrDigit(character);
            words += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return JinjaValue.From(words);
    }

    private static JinjaValue Int(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("int", 0, "default", "base");
        var fallback = bound[0] ?? JinjaValue.From(0L);
        if (bound[1] is { } radix && Whole("int", radix) != 10)
        {
            throw JinjaFault.Unsupported("'int' with a base other than 10 is not supported");
        }

        JinjaOperators.RequireDefined(value);
        if (value.IsWhole)
        {
            return JinjaValue.From(value.Integer);
        }

        if (value.IsText && long.TryParse(value.Text.Trim().Replace("_", string.Empty, StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return JinjaValue.From(whole);
        }

        return ToFloat(value) is { } number && Math.Abs(number) < 9.2e18 ? JinjaValue.From((long)number) : fallback;
    }

    private static JinjaValue Float(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var fallback = arguments.Bind("float", 0, "default")[0] ?? JinjaValue.From(0.0);
        JinjaOperators.RequireDefined(value);
        return ToFloat(value) is { } number ? JinjaValue.From(number) : fallback;
    }

    private static double? ToFloat(JinjaValue value)
        => value.IsNumber ? value.Number
            : value.IsText && double.TryParse(value.Text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : null;

    private static JinjaValue Round(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("round", 0, "precision", "method");
        var precision = bound[0] is { } given ? Whole("round", given) : 0;
        var method = bound[1] is { } name ? Text("round", name) : "common";
        JinjaOperators.RequireDefined(value);
        if (!value.IsNumber || precision is < -15 or > 15)
        {
            throw JinjaFault.Failed(value.IsNumber ? "'round' takes a precision of -15 to 15" : $"a {value.TypeName} cannot be rounded");
        }

        var scale = Math.Pow(10, precision);
        switch (method)
        {
            case "common" when value.IsWhole:
                return precision >= 0 ? JinjaValue.From(value.Integer) : JinjaValue.From((long)(Math.Round(value.Number * scale) / scale));
            case "common":
                return JinjaValue.From(precision <= 0 ? Math.Round(value.Number * scale) / scale : double.Parse(value.Number.ToString($"F{precision}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture));
            case "ceil":
                return JinjaValue.From(Math.Ceiling(value.Number * scale) / scale);
            case "floor":
                return JinjaValue.From(Math.Floor(value.Number * scale) / scale);
            default:
                throw JinjaFault.Failed("'round' knows the methods common, ceil and floor");
        }
    }

    private static JinjaValue ToJson(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = null;
        if (bound[1] is { IsNone: false } given)
        {
            // Wider ones would only make the error come later.
            indent = given.IsText ? given.Text : new string(' ', (int)Math.Clamp(Whole("tojson", given), 0, 1000));
        }

        // As json.dumps: with indentation the line break replaces the blank after a comma.
        var style = new JinjaJsonStyle(indent, indent is null ? ", " : ",", ": ", IsTrue(bound[3]), IsTrue(bound[0]));
        if (bound[2] is { IsNone: false } separators)
        {
            style = interpreter.Iterate(separators) is [{ IsText: true } item, { IsText: true } key]
                ? style with { ItemSeparator = item.Text, KeySeparator = key.Text }
                : throw JinjaFault.Failed("'tojson' takes two separators");
        }

        return JinjaValue.From(JinjaJson.Write(value, style, interpreter.Budget));
    }

    private static JinjaValue Join(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("join", 0, "d", "attribute");
        var items = interpreter.Iterate(value);
        if (bound[1] is { IsNone: false } attribute)
        {
            items = items.ConvertAll(item => Look(interpreter, item, attribute, null));
        }

        return JinjaValue.From(JinjaTextMethods.Join(bound[0] is { } separator ? AsText(interpreter, separator).Text : string.Empty, items, interpreter.Budget));
    }

    private static JinjaValue Map(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        // As in Jinja, nothing is asked of a value that is false: none counts as empty here.
        var items = value.IsTrue ? interpreter.Iterate(value) : [];
        if (arguments.Positional.Count > 0)
        {
            var name = Text("map", arguments.Positional[0]);
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

    private static JinjaValue Select(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments, bool byAttribute, bool keeps)
    {
        var first = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < first)
        {
            throw JinjaFault.Failed("'selectattr' and 'rejectattr' need the name of an attribute");
        }

        var test = arguments.Positional.Count > first ? Text("select", arguments.Positional[first]) : null;
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

    private static JinjaValue Sort(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    private static JinjaValue DictSort(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        var by = bound[1] is { } given ? Text("dictsort", given) : "key";
        if (value.Kind != JinjaKind.Dictionary || by is not ("key" or "value"))
        {
            JinjaOperators.RequireDefined(value);
            throw JinjaFault.Failed(value.Kind == JinjaKind.Dictionary ? "'dictsort' sorts by key or value" : $"'dictsort' takes a dictionary, not a {value.TypeName}");
        }

        var entries = JinjaDictionaryMethods.Items(interpreter, value.Dictionary).List.Items;
        return JinjaValue.FromList(Sorted(interpreter, entries, entry => Folded(interpreter, entry.List.Items[by == "key" ? 0 : 1], bound[0]), IsTrue(bound[2])));
    }

    /// <summary>Sorts, keeping equal ones in their order also backwards, as Python does.</summary>
    private static List<JinjaValue> Sorted(JinjaInterpreter interpreter, List<JinjaValue> items, Func<JinjaValue, JinjaValue> key, bool isReversed)
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

    private static JinjaValue Unique(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    private static JinjaValue GroupBy(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    private static JinjaValue Extreme(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, int sign)
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

    private static JinjaValue Sum(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    private static JinjaValue Reverse(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("reverse");
        var items = interpreter.Iterate(value);
        items.Reverse();
        return value.IsText ? JinjaValue.From(JinjaTextMethods.Join(string.Empty, items, interpreter.Budget)) : JinjaValue.FromList(items);
    }

    private static JinjaValue Batch(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("batch", 1, "linecount", "fill_with");
        var size = Whole("batch", bound[0]!.Value);
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

    private static JinjaValue Slice(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("slice", 1, "slices", "fill_with");
        var count = Whole("slice", bound[0]!.Value);
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

    private static JinjaValue Folded(JinjaInterpreter interpreter, JinjaValue value, JinjaValue? caseSensitive)
    {
        if (!value.IsText || IsTrue(caseSensitive))
        {
            return value;
        }

        interpreter.Budget.Text(value.Text.Length);
        return JinjaValue.From(value.Text.ToLowerInvariant());
    }

    /// <summary>Follows a dotted attribute such as <c>function.name</c>; digits are positions in a list.</summary>
    private static JinjaValue Look(JinjaInterpreter interpreter, JinjaValue item, JinjaValue attribute, JinjaValue? fallback)
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
