using System.Collections.Frozen;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Methods of Python's <c>str</c>.</summary>
internal static class JinjaTextMethods
{
    public static FrozenDictionary<string, JinjaMethod> All { get; } = new Dictionary<string, JinjaMethod>(StringComparer.Ordinal)
    {
        ["strip"] = (i, v, a) => Strip(i, "strip", v, a, start: true, end: true),
        ["lstrip"] = (i, v, a) => Strip(i, "lstrip", v, a, start: true, end: false),
        ["rstrip"] = (i, v, a) => Strip(i, "rstrip", v, a, start: false, end: true),
        ["upper"] = (i, v, a) => Change(i, "upper", v, a, text => text.ToUpperInvariant()),
        ["lower"] = (i, v, a) => Change(i, "lower", v, a, text => text.ToLowerInvariant()),
        ["casefold"] = (i, v, a) => Change(i, "casefold", v, a, text => text.ToLowerInvariant()),
        ["title"] = (i, v, a) => Change(i, "title", v, a, PythonText.Title),
        ["capitalize"] = (i, v, a) => Change(i, "capitalize", v, a, PythonText.Capitalize),
        ["swapcase"] = (i, v, a) => Change(i, "swapcase", v, a, text => string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)))),
        ["isdigit"] = (i, v, a) => Every(i, "isdigit", v, a, char.IsDigit),
        ["isdecimal"] = (i, v, a) => Every(i, "isdecimal", v, a, char.IsDigit),
        ["isnumeric"] = (i, v, a) => Every(i, "isnumeric", v, a, char.IsNumber),
        ["isalpha"] = (i, v, a) => Every(i, "isalpha", v, a, char.IsLetter),
        ["isalnum"] = (i, v, a) => Every(i, "isalnum", v, a, char.IsLetterOrDigit),
        ["isspace"] = (i, v, a) => Every(i, "isspace", v, a, PythonText.IsWhiteSpace),
        ["isupper"] = (i, v, a) => IsCase(i, "isupper", v, a, char.IsUpper, char.IsLower),
        ["islower"] = (i, v, a) => IsCase(i, "islower", v, a, char.IsLower, char.IsUpper),
        ["startswith"] = (i, v, a) => Affix(i, "startswith", v, a, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = (i, v, a) => Affix(i, "endswith", v, a, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = (i, v, a) => Remove(i, "removeprefix", v, a, (text, affix) => text.StartsWith(affix, StringComparison.Ordinal) ? text[affix.Length..] : text),
        ["removesuffix"] = (i, v, a) => Remove(i, "removesuffix", v, a, (text, affix) => text.EndsWith(affix, StringComparison.Ordinal) ? text[..^affix.Length] : text),
        ["find"] = (i, v, a) => JinjaValue.From(Find(i, "find", v, a, last: false)),
        ["rfind"] = (i, v, a) => JinjaValue.From(Find(i, "rfind", v, a, last: true)),
        ["index"] = (i, v, a) => Index(Find(i, "index", v, a, last: false)),
        ["rindex"] = (i, v, a) => Index(Find(i, "rindex", v, a, last: true)),
        ["count"] = Count,
        ["replace"] = (i, v, a) =>
        {
            var bound = a.Bind("replace", 2, "old", "new", "count");
            return JinjaValue.From(Replace(v.Text, Text("replace", bound[0]), Text("replace", bound[1]), bound[2] is { } count ? Whole("replace", count) : -1, i.Budget));
        },
        ["split"] = (i, v, a) => Split(i, "split", v, a, fromEnd: false),
        ["rsplit"] = (i, v, a) => Split(i, "rsplit", v, a, fromEnd: true),
        ["splitlines"] = SplitLines,
        ["partition"] = (i, v, a) => Partition(i, "partition", v, a, last: false),
        ["rpartition"] = (i, v, a) => Partition(i, "rpartition", v, a, last: true),
        ["join"] = (i, v, a) => JinjaValue.From(Join(v.Text, i.Iterate(a.Bind("join", 1, "iterable")[0]!.Value), i.Budget)),
        ["format"] = (i, v, a) => JinjaValue.From(PythonFormat.Braces(v.Text, a, i.Budget)),
        ["ljust"] = (i, v, a) => Pad(i, "ljust", v, a, (missing, _) => (0, missing)),
        ["rjust"] = (i, v, a) => Pad(i, "rjust", v, a, (missing, _) => (missing, 0)),
        ["center"] = (i, v, a) => Pad(i, "center", v, a, (missing, width) =>
        {
            // Python puts the odd blank on the left where the width is odd.
            var before = (missing / 2) + (missing & (int)width & 1);
            return (before, missing - before);
        }),
        ["zfill"] = ZeroFill,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Replaces occurrences from the left; all of them if <paramref name="count"/> is negative. An empty <paramref name="old"/> stands between all characters.</summary>
    public static string Replace(string text, string old, string @new, long count, JinjaBudget budget)
    {
        budget.Search(text.Length, old.Length);
        if (count == 0)
        {
            return text;
        }

        long found = old.Length == 0 ? PythonText.Length(text) + 1 : text.AsSpan().Count(old);
        found = count < 0 ? found : Math.Min(found, count);
        budget.Text(Math.Max(0, text.Length + (found * (@new.Length - (long)old.Length))));
        if (found == 0)
        {
            return text;
        }

        if (count < 0 && old.Length > 0)
        {
            return text.Replace(old, @new, StringComparison.Ordinal);
        }

        var result = new System.Text.StringBuilder();
        var at = 0;
        if (old.Length == 0)
        {
            foreach (var character in PythonText.Characters(text))
            {
                result.Append(found-- > 0 ? @new : string.Empty).Append(character);
            }

            return result.Append(found > 0 ? @new : string.Empty).ToString();
        }

        for (; found > 0; found--)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            result.Append(text, at, next - at).Append(@new);
            at = next + old.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Joins values as text. Unlike Python it takes numbers too, as Jinja's filter does.</summary>
    public static string Join(string separator, IReadOnlyList<JinjaValue> items, JinjaBudget budget)
    {
        var texts = new string[items.Count];
        long length = 0;
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = JinjaPrinter.ToText(items[i], budget);
            length += texts[i].Length + separator.Length;
        }

        budget.Text(length);
        return string.Join(separator, texts);
    }

    private static JinjaValue Strip(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, bool start, bool end)
    {
        var characters = arguments.Bind(name, 0, "chars")[0];
        interpreter.Budget.Text(value.Text.Length);
        return JinjaValue.From(PythonText.Trim(value.Text, characters is null or { IsNone: true } ? null : Text(name, characters), start, end));
    }

    private static JinjaValue Change(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<string, string> change)
    {
        arguments.RequireNone(name);
        interpreter.Budget.Text(value.Text.Length);
        return JinjaValue.From(change(value.Text));
    }

    private static JinjaValue Every(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<char, bool> test)
    {
        arguments.RequireNone(name);
        interpreter.Budget.Scan(value.Text.Length * 8L);
        return JinjaValue.From(value.Text.Length > 0 && value.Text.All(test));
    }

    private static JinjaValue IsCase(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<char, bool> wanted, Func<char, bool> unwanted)
    {
        arguments.RequireNone(name);
        interpreter.Budget.Scan(value.Text.Length * 8L);
        return JinjaValue.From(value.Text.Any(wanted) && !value.Text.Any(unwanted));
    }

    private static JinjaValue Affix(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<string, string, bool> test)
    {
        var affix = arguments.Bind(name, 1, name == "startswith" ? "prefix" : "suffix")[0]!.Value;
        if (affix.Kind != JinjaKind.List)
        {
            interpreter.Budget.Scan(value.Text.Length);
            return JinjaValue.From(test(value.Text, Text(name, affix)));
        }

        foreach (var candidate in affix.List.Items)
        {
            interpreter.Budget.Scan(value.Text.Length);
            if (test(value.Text, Text(name, candidate)))
            {
                return JinjaValue.True;
            }
        }

        return JinjaValue.False;
    }

    private static JinjaValue Remove(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<string, string, string> remove)
    {
        var affix = Text(name, arguments.Bind(name, 1, "affix")[0]);
        interpreter.Budget.Text(value.Text.Length);
        return JinjaValue.From(remove(value.Text, affix));
    }

    private static long Find(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, bool last)
    {
        var bound = arguments.Bind(name, 1, "sub", "start", "end");
        var (text, wanted) = (value.Text, Text(name, bound[0]));
        interpreter.Budget.Search(text.Length, wanted.Length);
        long start = 0;
        if (bound[1] is not null || bound[2] is not null)
        {
            var length = PythonText.Length(text);
            (start, var end, _) = JinjaSlices.Resolve(length, bound[1], bound[2], null);
            if ((bound[1] is { IsWhole: true } first && first.Integer > length) || end < start)
            {
                return -1;
            }

            interpreter.Budget.Text(text.Length);
            text = JinjaSlices.Cut(text, start, end, 1, interpreter.Budget);
        }

        var at = last ? text.LastIndexOf(wanted, StringComparison.Ordinal) : text.IndexOf(wanted, StringComparison.Ordinal);
        return at < 0 ? -1 : start + PythonText.CodePointIndex(text, at);
    }

    private static JinjaValue Index(long found) => found >= 0 ? JinjaValue.From(found) : throw JinjaFault.Failed("the text searched for is not there");

    private static JinjaValue Count(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var wanted = Text("count", arguments.Bind("count", 1, "sub")[0]);
        interpreter.Budget.Search(value.Text.Length, wanted.Length);
        return JinjaValue.From((long)(wanted.Length == 0 ? PythonText.Length(value.Text) + 1 : value.Text.AsSpan().Count(wanted)));
    }

    private static JinjaValue Split(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, bool fromEnd)
    {
        var bound = arguments.Bind(name, 0, "sep", "maxsplit");
        var text = value.Text;
        var most = bound[1] is { } count ? Whole(name, count) : -1;
        most = most < 0 ? long.MaxValue : most;
        List<string> parts = [];
        if (bound[0] is null or { IsNone: true })
        {
            interpreter.Budget.Text(text.Length);
            SplitWords(text, most, fromEnd, parts, interpreter.Budget);
        }
        else
        {
            var separator = Text(name, bound[0]);
            if (separator.Length == 0)
            {
                throw JinjaFault.Failed($"{name}() cannot cut at empty text");
            }

            interpreter.Budget.Search(text.Length, separator.Length);
            interpreter.Budget.Text(text.Length);
            var (start, end) = (0, text.Length);
            while (most-- > 0)
            {
                var rest = text.AsSpan(start, end - start);
                var at = fromEnd ? rest.LastIndexOf(separator) : rest.IndexOf(separator);
                if (at < 0)
                {
                    break;
                }

                interpreter.Budget.Items(1);
                if (fromEnd)
                {
                    parts.Add(text[(start + at + separator.Length)..end]);
                    end = start + at;
                }
                else
                {
                    parts.Add(text.Substring(start, at));
                    start += at + separator.Length;
                }
            }

            parts.Add(text[start..end]);
        }

        if (fromEnd)
        {
            parts.Reverse();
        }

        interpreter.Budget.Items(1);
        return JinjaValue.FromList(parts.ConvertAll(JinjaValue.From));
    }

    /// <summary>Cuts at runs of white space; nothing empty comes out.</summary>
    private static void SplitWords(string text, long most, bool fromEnd, List<string> parts, JinjaBudget budget)
    {
        var (start, end) = (0, text.Length);
        while (true)
        {
            while (start < end && PythonText.IsWhiteSpace(text[start]))
            {
                start++;
            }

            while (start < end && PythonText.IsWhiteSpace(text[end - 1]))
            {
                end--;
            }

            if (start == end)
            {
                return;
            }

            budget.Items(1);
            if (most-- <= 0)
            {
                // Of the rest only the side that was being cut loses its white space.
                parts.Add(fromEnd ? text[..end] : text[start..]);
                return;
            }

            if (fromEnd)
            {
                var cut = end;
                while (cut > start && !PythonText.IsWhiteSpace(text[cut - 1]))
                {
                    cut--;
                }

                parts.Add(text[cut..end]);
                end = cut;
            }
            else
            {
                var cut = start;
                while (cut < end && !PythonText.IsWhiteSpace(text[cut]))
                {
                    cut++;
                }

                parts.Add(text[start..cut]);
                start = cut;
            }
        }
    }

    private static JinjaValue SplitLines(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var keepsEnds = arguments.Bind("splitlines", 0, "keepends")[0] is { IsTrue: true };
        interpreter.Budget.Text(value.Text.Length);
        var lines = PythonText.Lines(value.Text, keepsEnds);
        interpreter.Budget.Items(lines.Count);
        return JinjaValue.FromList(lines.ConvertAll(JinjaValue.From));
    }

    private static JinjaValue Partition(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, bool last)
    {
        var separator = Text(name, arguments.Bind(name, 1, "sep")[0]);
        if (separator.Length == 0)
        {
            throw JinjaFault.Failed($"{name}() cannot cut at empty text");
        }

        interpreter.Budget.Search(value.Text.Length, separator.Length);
        interpreter.Budget.Text(value.Text.Length);
        var at = last ? value.Text.LastIndexOf(separator, StringComparison.Ordinal) : value.Text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
        {
            return last ? JinjaValue.FromTuple(JinjaValue.Empty, JinjaValue.Empty, value) : JinjaValue.FromTuple(value, JinjaValue.Empty, JinjaValue.Empty);
        }

        return JinjaValue.FromTuple(JinjaValue.From(value.Text[..at]), JinjaValue.From(separator), JinjaValue.From(value.Text[(at + separator.Length)..]));
    }

    private static JinjaValue Pad(JinjaInterpreter interpreter, string name, JinjaValue value, JinjaArguments arguments, Func<int, long, (int Before, int After)> place)
    {
        var bound = arguments.Bind(name, 1, "width", "fillchar");
        var fill = bound[1] is { } given ? Text(name, given) : " ";
        if (fill.Length != 1)
        {
            throw JinjaFault.Failed($"{name}() fills with one character");
        }

        var width = Math.Max(0, Whole(name, bound[0]!.Value));
        interpreter.Budget.Text(Math.Max(width, value.Text.Length));
        var (before, after) = place((int)Math.Max(0, width - PythonText.Length(value.Text)), width);
        return JinjaValue.From(new string(fill[0], before) + value.Text + new string(fill[0], after));
    }

    private static JinjaValue ZeroFill(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var width = Math.Max(0, Whole("zfill", arguments.Bind("zfill", 1, "width")[0]!.Value));
        interpreter.Budget.Text(Math.Max(width, value.Text.Length));
        var sign = value.Text is ['+' or '-', ..] ? 1 : 0;
        return JinjaValue.From(value.Text[..sign] + value.Text[sign..].PadLeft((int)Math.Max(0, width - sign), '0'));
    }

    private static string Text(string function, JinjaValue? value)
        => value is { IsText: true } text ? text.Text : throw JinjaFault.Failed($"{function}() takes text, not a {value?.TypeName}");

    private static long Whole(string function, JinjaValue value)
        => value.IsWhole ? value.Integer : throw JinjaFault.Failed($"{function}() takes a whole number, not a {value.TypeName}");
}
