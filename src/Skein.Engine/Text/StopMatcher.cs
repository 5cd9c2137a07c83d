namespace Skein.Engine.Text;

/// <summary>Watches a streamed reply for stop strings, and holds back only what could still become one.</summary>
/// <remarks>
/// The reply stops at the first character that completes any stop string; of those completed by the same character the longest counts. The text ends before it.
/// So the outcome does not depend on how the text is cut into pieces, and no further token is needed to decide.
/// Time is linear in the text. One reply, one instance; not thread-safe.
/// </remarks>
public sealed class StopMatcher
{
    /// <summary>The most stop strings, as OpenAI allows.</summary>
    public const int MaxStops = 4;

    /// <summary>The most UTF-16 units of a stop string: so much text may be held back.</summary>
    public const int MaxStopLength = 1024;

    private readonly string[] _stops;
    private readonly int[][] _fallbacks;
    private readonly int[] _matched;
    private string _held = string.Empty;

    /// <summary>Begins a reply.</summary>
    /// <param name="stops">Up to <see cref="MaxStops"/> strings of 1 to <see cref="MaxStopLength"/> UTF-16 units; none lets everything through at once.</param>
    /// <exception cref="ArgumentException">Too many, or one is empty, too long, or holds half a surrogate pair; the message says which.</exception>
    public StopMatcher(IReadOnlyList<string> stops)
    {
        if (Problem(stops) is { } problem)
        {
            throw new ArgumentException(problem, nameof(stops));
        }

        _stops = [.. stops];
        _fallbacks = Array.ConvertAll(_stops, Fallbacks);
        _matched = new int[_stops.Length];
    }

    /// <summary>Whether a stop string appeared; nothing comes after it.</summary>
    public bool IsStopped => MatchedStop is not null;

    /// <summary>The stop string that ended the reply, or null.</summary>
    public string? MatchedStop { get; private set; }

    /// <summary>Says what is wrong with stop strings, for people; null if nothing is.</summary>
    public static string? Problem(IReadOnlyList<string> stops)
    {
        if (stops.Count > MaxStops)
        {
            return $"{stops.Count} stop strings are too many: at most {MaxStops}.";
        }

        for (var i = 0; i < stops.Count; i++)
        {
            var stop = stops[i];
            if (stop.Length is 0 or > MaxStopLength)
            {
                return $"Stop string {i} has {stop.Length} characters: 1 to {MaxStopLength} are allowed.";
            }

            if (!IsWellFormed(stop))
            {
                return $"Stop string {i} holds half a surrogate pair, which no reply can contain.";
            }
        }

        return null;
    }

    /// <summary>Takes the next piece of text.</summary>
    /// <param name="text">Whole characters, as <see cref="Utf8Detokenizer"/> gives them. Ignored once stopped.</param>
    /// <returns>The text that is certain now and was not returned before.</returns>
    public string Append(string text)
    {
        if (IsStopped || text.Length == 0)
        {
            return string.Empty;
        }

        if (_stops.Length == 0)
        {
            return text;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (Advance(text[i]) is { } stop)
            {
                MatchedStop = stop;
                var certain = string.Concat(_held, text.AsSpan(0, i + 1));
                _held = string.Empty;
                return certain[..^stop.Length];
            }
        }

        var all = _held.Length == 0 ? text : _held + text;
        var open = 0;
        foreach (var length in _matched)
        {
            open = Math.Max(open, length);
        }

        _held = all[^open..];
        return all[..^open];
    }

    /// <summary>Ends the reply without a stop string.</summary>
    /// <returns>What was held back.</returns>
    public string Flush()
    {
        var rest = _held;
        _held = string.Empty;
        Array.Clear(_matched);
        return rest;
    }

    /// <summary>Moves each stop string's automaton by one character (Knuth, Morris and Pratt); returns the longest one completed.</summary>
    private string? Advance(char next)
    {
        string? complete = null;
        for (var s = 0; s < _stops.Length; s++)
        {
            var stop = _stops[s];
            var length = _matched[s];
            while (length > 0 && stop[length] != next)
            {
                length = _fallbacks[s][length - 1];
            }

            if (stop[length] == next)
            {
                length++;
            }

            _matched[s] = length;
            if (length == stop.Length && (complete is null || complete.Length < length))
            {
                complete = stop;
            }
        }

        return complete;
    }

    /// <summary>For each prefix, the length of its longest proper prefix that is also its suffix.</summary>
    private static int[] Fallbacks(string stop)
    {
        var fallbacks = new int[stop.Length];
        for (int i = 1, length = 0; i < stop.Length; i++)
        {
            while (length > 0 && stop[length] != stop[i])
            {
                length = fallbacks[length - 1];
            }

            if (stop[length] == stop[i])
            {
                length++;
            }

            fallbacks[i] = length;
        }

        return fallbacks;
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}
