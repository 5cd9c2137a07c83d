using System.Globalization;
using System.Text;
using static Skein.Engine.ChatTemplates.Jinja.JinjaFilters;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Filters that make text and numbers. Pure.</summary>
internal static class JinjaTextFilters
{
    internal static JinjaValue Change(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<string, string> change)
    {
        arguments.RequireNone(name);
        var text = AsText(interpreter, value).Text;
        interpreter.Budget.Text(text.Length);
        return JinjaValue.From(change(text));
    }

    internal static JinjaValue String(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("string");
        return AsText(interpreter, value);
    }

    internal static JinjaValue Length(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    internal static JinjaValue Default(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("default", 0, "default_value", "boolean");
        return value.IsUndefined || (IsTrue(bound[1]) && !value.IsTrue) ? bound[0] ?? JinjaValue.Empty : value;
    }

    internal static JinjaValue Escape(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        arguments.RequireNone("escape");
        var text = AsText(interpreter, value).Text;
        foreach (var (character, entity) in new[] { ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;") })
        {
            text = JinjaTextMethods.Replace(text, character, entity, -1, interpreter.Budget);
        }

        return JinjaValue.From(text);
    }

    internal static JinjaValue Format(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    internal static JinjaValue Replace(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("replace", 2, "old", "new", "count");
        string TextOf(JinjaValue item) => AsText(interpreter, item).Text;
        return JinjaValue.From(JinjaTextMethods.Replace(TextOf(value), TextOf(bound[0]!.Value), TextOf(bound[1]!.Value), bound[2] is { IsNone: false } count ? RequireWhole("replace", count) : -1, interpreter.Budget));
    }

    internal static JinjaValue Indent(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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
            var width = bound[0] is { } number ? Math.Max(0, RequireWhole("indent", number)) : 4;
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

    internal static JinjaValue Truncate(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("truncate", 0, "length", "killwords", "end", "leeway");
        var text = AsText(interpreter, value).Text;
        var length = bound[0] is { } given ? RequireWhole("truncate", given) : 255;
        var end = bound[2] is { } ending ? RequireText("truncate", ending) : "...";
        var leeway = bound[3] is { IsNone: false } more ? RequireWhole("truncate", more) : 5;
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

    internal static JinjaValue WordCount(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
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

    internal static JinjaValue Int(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("int", 0, "default", "base");
        var fallback = bound[0] ?? JinjaValue.From(0L);
        if (bound[1] is { } radix && RequireWhole("int", radix) != 10)
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

    internal static JinjaValue Float(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var fallback = arguments.Bind("float", 0, "default")[0] ?? JinjaValue.From(0.0);
        JinjaOperators.RequireDefined(value);
        return ToFloat(value) is { } number ? JinjaValue.From(number) : fallback;
    }

    internal static double? ToFloat(JinjaValue value)
        => value.IsNumber ? value.Number
            : value.IsText && double.TryParse(value.Text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : null;

    internal static JinjaValue Round(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("round", 0, "precision", "method");
        var precision = bound[0] is { } given ? RequireWhole("round", given) : 0;
        var method = bound[1] is { } name ? RequireText("round", name) : "common";
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

    internal static JinjaValue ToJson(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var bound = arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        string? indent = null;
        if (bound[1] is { IsNone: false } given)
        {
            // Wider ones would only make the error come later.
            indent = given.IsText ? given.Text : new string(' ', (int)Math.Clamp(RequireWhole("tojson", given), 0, 1000));
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
}
