namespace Skein.Engine.Sampling;

/// <summary>Refuses grammars that llama.cpp's recursive parser could not survive.</summary>
/// <remarks>A grammar may come from a client. llama.cpp parses nested groups by recursion and multiplies repetitions out, in native code that cannot be stopped.</remarks>
internal static class GrammarText
{
    /// <summary>Longest grammar; a JSON schema of an ordinary API stays below a tenth of it.</summary>
    internal const int MaxLength = 128 * 1024;

    /// <summary>Deepest nesting of groups.</summary>
    internal const int MaxDepth = 64;

    /// <summary>Largest bound of a repetition such as <c>{0,100}</c>; llama.cpp writes each one out as rules.</summary>
    internal const int MaxRepetitions = 2000;

    /// <summary>Why a grammar is refused; null if it may be tried.</summary>
    internal static string? FindFault(string grammar)
    {
        if (string.IsNullOrWhiteSpace(grammar))
        {
            return "it is empty";
        }

        if (grammar.Length > MaxLength)
        {
            return $"it has {grammar.Length} characters and the limit is {MaxLength}";
        }

        if (grammar.Contains('\0'))
        {
            return "it contains a zero character";
        }

        var depth = 0;
        for (var i = 0; i < grammar.Length; i++)
        {
            switch (grammar[i])
            {
                case '"':
                    i = SkipQuoted(grammar, i, '"');
                    break;
                case '[':
                    i = SkipQuoted(grammar, i, ']');
                    break;
                case '#':
                    i = SkipComment(grammar, i);
                    break;
                case '(' when ++depth > MaxDepth:
                    return $"its groups are nested more than {MaxDepth} deep";
                case ')':
                    depth--;
                    break;
                case '{' when LargestNumber(grammar, i) > MaxRepetitions:
                    return $"it repeats something more than {MaxRepetitions} times";
            }
        }

        return null;
    }

    private static int SkipQuoted(string grammar, int start, char end)
    {
        for (var i = start + 1; i < grammar.Length; i++)
        {
            if (grammar[i] == '\\')
            {
                i++;
            }
            else if (grammar[i] == end)
            {
                return i;
            }
        }

        return grammar.Length;
    }

    private static int SkipComment(string grammar, int start)
    {
        var end = grammar.IndexOf('\n', start);
        return end < 0 ? grammar.Length : end;
    }

    private static long LargestNumber(string grammar, int start)
    {
        long largest = 0;
        long number = 0;
        for (var i = start + 1; i < grammar.Length && grammar[i] != '}'; i++)
        {
            number = char.IsAsciiDigit(grammar[i]) ? Math.Min((number * 10) + grammar[i] - '0', int.MaxValue) : 0;
            largest = Math.Max(largest, number);
        }

        return largest;
    }
}
