using System.Buffers;
using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Python's idea of text over .NET's: it counts code points, and has its own white space, quoting and way to write numbers.</summary>
internal static class PythonText
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

    public static bool IsWhiteSpace(char value) => char.IsWhiteSpace(value) || value is >= '\x1c' and <= '\x1f';

    public static bool IsWhiteSpace(ReadOnlySpan<char> text)
    {
        foreach (var value in text)
        {
            if (!IsWhiteSpace(value))
            {
                return false;
            }
        }

        return true;
    }

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> text)
    {
        var length = text.Length;
        while (length > 0 && IsWhiteSpace(text[length - 1]))
        {
            length--;
        }

        return text[..length];
    }

    /// <summary>Removes characters from the ends: white space if <paramref name="characters"/> is null.</summary>
    public static string Trim(string text, string? characters, bool start, bool end)
    {
        bool Drops(char value) => characters is null ? IsWhiteSpace(value) : characters.Contains(value, StringComparison.Ordinal);

        var first = 0;
        var last = text.Length;
        while (start && first < last && Drops(text[first]))
        {
            first++;
        }

        while (end && last > first && Drops(text[last - 1]))
        {
            last--;
        }

        return text[first..last];
    }

    /// <summary>Whether the text has characters of two UTF-16 units, so that positions must be counted.</summary>
    public static bool HasPairs(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF') >= 0;

    /// <summary>Code points in the text; half a pair counts as one.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        var first = text.IndexOfAnyInRange('\uD800', '\uDBFF');
        if (first < 0)
        {
            return text.Length;
        }

        var length = text.Length;
        for (var i = first; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
            {
                length--;
                i++;
            }
        }

        return length;
    }

    /// <summary>Turns a position in code points, within the text, into one in UTF-16 units.</summary>
    public static int UnitIndex(string text, long codePoint)
    {
        var unit = 0;
        for (; codePoint > 0; codePoint--)
        {
            unit += unit + 1 < text.Length && char.IsSurrogatePair(text[unit], text[unit + 1]) ? 2 : 1;
        }

        return unit;
    }

    /// <summary>The text cut into code points.</summary>
    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                characters.Add(text.Substring(i, 2));
                i++;
            }
            else
            {
                characters.Add(text[i].ToString());
            }
        }

        return characters;
    }

    /// <summary>Turns a position in UTF-16 units into one in code points.</summary>
    public static int CodePointIndex(string text, int unit) => Length(text.AsSpan(0, unit));

    /// <summary>Order by code points: UTF-16 order differs above the surrogates.</summary>
    public static int Compare(string left, string right)
    {
        var shared = left.AsSpan().CommonPrefixLength(right);
        return shared == left.Length || shared == right.Length ? left.Length - right.Length : Rank(left[shared]) - Rank(right[shared]);

        static int Rank(char value) => char.IsSurrogate(value) ? value + 0x10000 : value;
    }

    /// <summary>Cuts at line ends as <c>str.splitlines</c> does.</summary>
    public static List<string> Lines(string text, bool keepEnds = false)
    {
        List<string> lines = [];
        for (var start = 0; start < text.Length;)
        {
            var length = text.AsSpan(start).IndexOfAny(LineEnds);
            var end = length < 0 ? text.Length : start + length;
            var next = length < 0 ? end : end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }

        return lines;
    }

    public static string Capitalize(string text) => text.Length == 0 ? text : string.Concat(text[..1].ToUpperInvariant(), text[1..].ToLowerInvariant());

    /// <summary><c>str.title</c>: every run of letters begins with a capital.</summary>
    public static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var value in text)
        {
            var isLetter = char.IsLetter(value);
            result.Append(!isLetter ? value : inWord ? char.ToLowerInvariant(value) : char.ToUpperInvariant(value));
            inWord = isLetter;
        }

        return result.ToString();
    }

    /// <summary>Jinja's <c>title</c> filter, whose words begin after white space, hyphens and opening brackets only.</summary>
    public static string TitleWords(string text)
    {
        var result = new StringBuilder(text.Length);
        var isFirst = true;
        foreach (var value in text)
        {
            if (value is '-' or '(' or '{' or '[' or '<' || IsWhiteSpace(value))
            {
                result.Append(value);
                isFirst = true;
            }
            else
            {
                result.Append(isFirst ? char.ToUpperInvariant(value) : char.ToLowerInvariant(value));
                isFirst = false;
            }
        }

        return result.ToString();
    }

    /// <summary>A float as <c>repr</c> writes it: the fewest digits that read back the same.</summary>
    public static string FromFloat(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        // The fewest digits, wherever .NET puts the point and the exponent.
        var shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = mark < 0 ? shortest : shortest[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var exponent = (mark < 0 ? 0 : int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)) + (point < 0 ? mantissa.Length : point) - 1;
        var digits = mantissa.Replace(".", string.Empty, StringComparison.Ordinal);
        var significant = digits.TrimStart('0');
        exponent -= significant.Length == 0 ? exponent : digits.Length - significant.Length;
        significant = significant.TrimEnd('0');
        significant = significant.Length == 0 ? "0" : significant;
        var sign = double.IsNegative(value) ? "-" : string.Empty;
        if (exponent is < -4 or >= 16)
        {
            return $"{sign}{significant[0]}{(significant.Length > 1 ? "." + significant[1..] : string.Empty)}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        return exponent < 0
            ? $"{sign}0.{new string('0', -exponent - 1)}{significant}"
            : $"{sign}{significant.PadRight(exponent + 1, '0')[..(exponent + 1)]}.{(significant.Length > exponent + 1 ? significant[(exponent + 1)..] : "0")}";
    }

    /// <summary>Text in quotes as <c>repr</c> writes it.</summary>
    public static void AppendQuoted(StringBuilder output, string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        output.Append(quote);
        for (var i = 0; i < text.Length; i++)
        {
            var value = text[i];
            if (i + 1 < text.Length && char.IsSurrogatePair(value, text[i + 1]))
            {
                var rune = new Rune(value, text[++i]);
                output.Append(IsPrintable(Rune.GetUnicodeCategory(rune)) ? rune.ToString() : $"\\U{rune.Value:x8}");
                continue;
            }

            switch (value)
            {
                case '\\':
                    output.Append("\\\\");
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case ' ':
                    output.Append(' ');
                    break;
                default:
                    if (value == quote)
                    {
                        output.Append('\\').Append(value);
                    }
                    else if (IsPrintable(char.GetUnicodeCategory(value)))
                    {
                        output.Append(value);
                    }
                    else
                    {
                        output.Append(value < 0x100 ? $"\\x{(int)value:x2}" : $"\\u{(int)value:x4}");
                    }

                    break;
            }
        }

        output.Append(quote);
    }

    private static bool IsPrintable(UnicodeCategory category) => category is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
