using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Python's <c>strftime</c> in the C locale, with glibc's <c>%-d</c> that leaves the padding away.</summary>
internal static class PythonTime
{
    public static string Format(DateTimeOffset time, string format, JinjaBudget budget)
    {
        // No directive writes more than 24 characters.
        budget.Text(format.Length * 12L);
        var output = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                output.Append(format[i]);
                continue;
            }

            var isBare = format[i + 1] == '-' && i + 2 < format.Length;
            i += isBare ? 2 : 1;
            var text = Directive(time, format[i]);
            output.Append(text is null ? $"%{format[i]}" : isBare ? Bare(text) : text);
        }

        return output.ToString();
    }

    private static string Bare(string text)
    {
        var bare = text.TrimStart('0', ' ');
        return bare.Length == 0 ? text[^1..] : bare;
    }

    private static string? Directive(DateTimeOffset time, char directive)
    {
        string Net(string pattern) => time.ToString(pattern, CultureInfo.InvariantCulture);

        return directive switch
        {
            'Y' => Net("yyyy"),
            'y' => Net("yy"),
            'm' => Net("MM"),
            'd' => Net("dd"),
            'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'H' => Net("HH"),
            'I' => Net("hh"),
            'M' => Net("mm"),
            'S' => Net("ss"),
            'f' => Net("ffffff"),
            'p' => Net("tt"),
            'B' => Net("MMMM"),
            'b' or 'h' => Net("MMM"),
            'A' => Net("dddd"),
            'a' => Net("ddd"),
            'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'F' => Net("yyyy-MM-dd"),
            'D' or 'x' => Net("MM/dd/yy"),
            'T' or 'X' => Net("HH:mm:ss"),
            'R' => Net("HH:mm"),
            'c' => Net("ddd MMM ") + time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + Net(" HH:mm:ss yyyy"),

            // The transformers library asks a clock without a time zone.
            'Z' or 'z' => string.Empty,
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => null,
        };
    }
}
