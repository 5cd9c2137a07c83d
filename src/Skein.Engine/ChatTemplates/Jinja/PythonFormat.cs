using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Python's two ways to put values into text: <c>'%s' % value</c> and <c>'{}'.format(value)</c>, with the parts of their small languages that templates use.</summary>
internal static class PythonFormat
{
    // A width of a billion would be a cheap way to ask for much text; the budget would refuse it, but only after counting.
    private const int MaxWidth = 10_000;

    // More digits than a double has are noise.
    private const int MaxPrecision = 100;

    /// <summary><c>text % value</c>; a tuple gives several values, a dictionary named ones.</summary>
    public static string Percent(string format, JinjaValue value, JinjaBudget budget)
    {
        budget.Scan(format.Length);
        var output = new StringBuilder();
        var isTuple = value.Kind == JinjaKind.List && value.List.IsTuple;
        var values = isTuple ? value.List.Items : [value];
        var used = 0;
        var usedNames = false;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Append(format[i]);
                continue;
            }

            i++;
            JinjaValue? item = null;
            if (i < format.Length && format[i] == '(')
            {
                var end = format.IndexOf(')', i);
                if (end < 0 || value.Kind != JinjaKind.Dictionary || !value.Dictionary.TryGet(format[(i + 1)..end], out var named))
                {
                    throw JinjaFault.Failed("a format names a value that is not there");
                }

                item = named;
                usedNames = true;
                i = end + 1;
            }

            var start = i;
            while (i < format.Length && format[i] is '-' or '+' or ' ' or '0' or '#')
            {
                i++;
            }

            var flags = format[start..i];
            var width = ReadNumber(format, ref i, MaxWidth);
            int? precision = null;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = ReadNumber(format, ref i, MaxPrecision) ?? 0;
            }

            if (i >= format.Length)
            {
                throw JinjaFault.Failed("a format ends in the middle");
            }

            if (format[i] == '%')
            {
                output.Append('%');
                continue;
            }

            if (item is null)
            {
                item = used < values.Count ? values[used++] : throw JinjaFault.Failed("a format has more places than values");
            }

            var spec = new Spec(' ', flags.Contains('-', StringComparison.Ordinal) ? '<' : '>', flags.Contains('+', StringComparison.Ordinal), flags.Contains('0', StringComparison.Ordinal), false, width ?? 0, precision, format[i]);
            Append(output, item.Value, spec, budget);
        }

        // Python lets lists and dictionaries go unused, as they could have been asked by name.
        if (!usedNames && used < values.Count && (isTuple || value.Kind is not (JinjaKind.List or JinjaKind.Dictionary)))
        {
            throw JinjaFault.Failed("a format has fewer places than values");
        }

        budget.Text(output.Length);
        return output.ToString();
    }

    /// <summary><c>text.format(...)</c>: <c>{}</c>, <c>{0}</c>, <c>{name}</c>, each with a specification after a colon.</summary>
    public static string Braces(string format, JinjaArguments arguments, JinjaBudget budget)
    {
        budget.Scan(format.Length);
        var output = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var value = format[i];
            if (value is '{' or '}' && i + 1 < format.Length && format[i + 1] == value)
            {
                output.Append(value);
                i++;
                continue;
            }

            if (value == '}')
            {
                throw JinjaFault.Failed("a format has a '}' that closes nothing");
            }

            if (value != '{')
            {
                output.Append(value);
                continue;
            }

            var end = format.IndexOf('}', i);
            if (end < 0)
            {
                throw JinjaFault.Failed("a format has a '{' without its '}'");
            }

            var field = format[(i + 1)..end];
            var colon = field.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? field : field[..colon];
            JinjaValue item;
            if (name.Length == 0 || name.All(char.IsAsciiDigit))
            {
                var index = name.Length == 0 ? next++ : int.TryParse(name, CultureInfo.InvariantCulture, out var given) ? given : int.MaxValue;
                item = index < arguments.Positional.Count ? arguments.Positional[index] : throw JinjaFault.Failed("a format has more places than values");
            }
            else
            {
                var found = arguments.Named.FirstOrDefault(argument => string.Equals(argument.Key, name, StringComparison.Ordinal));
                item = found.Key is null ? throw JinjaFault.Failed("a format names a value that is not there") : found.Value;
            }

            Append(output, item, ReadSpec(colon < 0 ? string.Empty : field[(colon + 1)..], item), budget);
            i = end;
        }

        budget.Text(output.Length);
        return output.ToString();
    }

    /// <summary>Reads <c>[[fill]align][sign][0][width][,][.precision][type]</c>.</summary>
    private static Spec ReadSpec(string text, JinjaValue value)
    {
        var i = 0;
        var fill = ' ';
        var align = value.IsNumber ? '>' : '<';
        if (text.Length > 1 && text[1] is '<' or '>' or '^')
        {
            (fill, align) = (text[0], text[1]);
            i = 2;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '^')
        {
            align = text[0];
            i = 1;
        }

        var plus = i < text.Length && text[i] == '+';
        i += plus ? 1 : 0;
        var zero = i < text.Length && text[i] == '0';
        var width = ReadNumber(text, ref i, MaxWidth);
        var commas = i < text.Length && text[i] == ',';
        i += commas ? 1 : 0;
        int? precision = null;
        if (i < text.Length && text[i] == '.')
        {
            i++;
            precision = ReadNumber(text, ref i, MaxPrecision) ?? 0;
        }

        var type = i < text.Length ? text[i++] : '\0';
        if (i < text.Length)
        {
            throw JinjaFault.Unsupported($"the format specification ':{(text.Length <= 40 ? text : text[..40])}' is not supported");
        }

        return new Spec(fill, align, plus, zero, commas, width ?? 0, precision, type);
    }

    private static void Append(StringBuilder output, JinjaValue value, Spec spec, JinjaBudget budget)
    {
        var isNumber = true;
        string text;
        if (spec.Type is 's' or 'r' || (spec.Type == '\0' && (!value.IsNumber || (spec.Precision is null && !spec.Commas))))
        {
            isNumber = spec.Type == '\0' && value.IsNumber;
            text = spec.Type == 'r' ? Quoted(value, budget) : JinjaPrinter.ToText(value, budget);
            if (!isNumber && spec.Precision is { } most && text.Length > most)
            {
                text = string.Concat(PythonText.Characters(text).Take(most));
            }
        }
        else
        {
            text = spec.Type switch
            {
                'd' or 'i' or 'u' => Whole(value).ToString(spec.Commas ? "#,0" : "0", CultureInfo.InvariantCulture),
                'x' or 'X' => Radix(Whole(value), number => number.ToString(spec.Type.ToString(), CultureInfo.InvariantCulture)),
                'o' => Radix(Whole(value), number => Convert.ToString(number, 8)),
                'b' => Radix(Whole(value), number => Convert.ToString(number, 2)),
                'f' or 'F' or '%' or '\0' or 'e' => Fraction(value, spec),
                _ => throw JinjaFault.Unsupported($"the format type '{spec.Type}' is not supported"),
            };
        }

        if (isNumber && spec.Plus && !text.StartsWith('-'))
        {
            text = "+" + text;
        }

        var missing = spec.Width - PythonText.Length(text);
        budget.Text(text.Length + Math.Max(missing, 0));
        if (missing > 0)
        {
            if (spec.Zero && isNumber && spec.Align == '>')
            {
                var sign = text[0] is '-' or '+' ? 1 : 0;
                text = string.Concat(text.AsSpan(0, sign), new string('0', missing), text.AsSpan(sign));
            }
            else
            {
                var before = spec.Align switch { '>' => missing, '^' => missing / 2, _ => 0 };
                text = new string(spec.Fill, before) + text + new string(spec.Fill, missing - before);
            }
        }

        output.Append(text);
    }

    private static string Fraction(JinjaValue value, Spec spec)
    {
        if (!value.IsNumber)
        {
            throw JinjaFault.Failed($"a {value.TypeName} is not a number that could be formatted");
        }

        var precision = spec.Precision ?? 6;
        var number = value.Number;
        switch (spec.Type)
        {
            case '%':
                return (number * 100).ToString($"F{precision}", CultureInfo.InvariantCulture) + "%";
            case '\0' when spec.Precision is null:
                return value.Kind == JinjaKind.Float ? number.ToString("#,0.################", CultureInfo.InvariantCulture) : value.Integer.ToString("#,0", CultureInfo.InvariantCulture);
            case 'e':
                return number.ToString(string.Concat("0.", new string('0', precision), "e+00"), CultureInfo.InvariantCulture).Replace("0.e", "0e", StringComparison.Ordinal);
            case 'f' or 'F':
                return number.ToString($"{(spec.Commas ? 'N' : 'F')}{precision}", CultureInfo.InvariantCulture);
            default:
                throw JinjaFault.Unsupported("general number formats with a precision are not supported");
        }
    }

    private static long Whole(JinjaValue value)
    {
        if (value.IsWhole && value.Integer != long.MinValue)
        {
            return value.Integer;
        }

        return value.Kind == JinjaKind.Float && Math.Abs(value.Number) < 9e18
            ? (long)value.Number
            : throw JinjaFault.Failed($"a {value.TypeName} is not a whole number that could be formatted");
    }

    private static string Radix(long number, Func<long, string> write) => number < 0 ? "-" + write(-number) : write(number);

    private static string Quoted(JinjaValue value, JinjaBudget budget)
    {
        var output = new StringBuilder();
        JinjaPrinter.AppendQuoted(output, value, budget);
        return output.ToString();
    }

    private static int? ReadNumber(string text, ref int at, int limit)
    {
        int? number = null;
        for (; at < text.Length && char.IsAsciiDigit(text[at]); at++)
        {
            number = ((number ?? 0) * 10) + (text[at] - '0');
            if (number > limit)
            {
                throw JinjaFault.Limit($"a format asks for more than {limit:N0} characters");
            }
        }

        return number;
    }

    private readonly record struct Spec(char Fill, char Align, bool Plus, bool Zero, bool Commas, int Width, int? Precision, char Type);
}
