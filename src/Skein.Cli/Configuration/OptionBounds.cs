using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Skein.Cli.Configuration;

/// <summary>Bounds that are checked before a command begins.</summary>
internal static class OptionBounds
{
    /// <summary>Refuses numbers outside of the bounds, both included.</summary>
    public static Option<T> Between<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.Validators.Add(result => Check(result, option.Name, least, most));
        return option;
    }

    /// <summary>The same for an option that may be absent.</summary>
    public static Option<T?> Between<T>(this Option<T?> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.Validators.Add(result => Check(result, option.Name, least, most));
        return option;
    }

    private static void Check<T>(OptionResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        // What is no number at all is refused elsewhere. Negated for NaN, which lies nowhere.
        if (result.Tokens is [var token, ..] && T.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) && !(number >= least && number <= most))
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes {least} to {most}, not {token.Value}."));
        }
    }
}
