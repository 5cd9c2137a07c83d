using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Python's slices.</summary>
internal static class JinjaSlices
{
    /// <summary>Turns the three parts of a slice into positions within a sequence.</summary>
    public static (long Start, long Stop, long Step) Resolve(long length, JinjaValue? start, JinjaValue? stop, JinjaValue? step)
    {
        var by = Part(step) ?? 1;
        if (by == 0)
        {
            throw JinjaFault.Failed("the step of a slice is zero");
        }

        // Backwards, the ends are one before the first and the last itself.
        var (lowest, highest) = by > 0 ? (0L, length) : (-1L, length - 1);
        return (
            Part(start) is { } first ? Clamp(first) : by > 0 ? lowest : highest,
            Part(stop) is { } last ? Clamp(last) : by > 0 ? highest : lowest,
            by);

        long Clamp(long index) => Math.Clamp(index < 0 ? index + length : index, lowest, Math.Max(lowest, highest));
    }

    public static JinjaValue Cut(JinjaValue value, JinjaValue? start, JinjaValue? stop, JinjaValue? step, JinjaBudget budget)
    {
        switch (value.Kind)
        {
            case JinjaKind.Text:
                budget.Scan(value.Text.Length * 3L);
                var (first, last, by) = Resolve(PythonText.Length(value.Text), start, stop, step);
                return JinjaValue.From(Cut(value.Text, first, last, by, budget));
            case JinjaKind.List:
                var items = value.List.Items;
                (first, last, by) = Resolve(items.Count, start, stop, step);
                budget.Items(Count(first, last, by));
                var cut = new List<JinjaValue>();
                for (var i = first; by > 0 ? i < last : i > last; i += by)
                {
                    cut.Add(items[(int)i]);
                    if (by > items.Count || by < -items.Count)
                    {
                        break;
                    }
                }

                return JinjaValue.From(new JinjaList(cut, value.List.IsTuple));
            default:
                JinjaOperators.RequireDefined(value);
                throw JinjaFault.Failed($"a {value.TypeName} cannot be sliced");
        }
    }

    /// <summary>Cuts text between positions in code points.</summary>
    public static string Cut(string text, long start, long stop, long step, JinjaBudget budget)
    {
        var hasPairs = PythonText.HasPairs(text);
        if (step == 1)
        {
            if (stop <= start)
            {
                return string.Empty;
            }

            budget.Text((stop - start) * (hasPairs ? 2 : 1));
            return hasPairs ? text[PythonText.UnitIndex(text, start)..PythonText.UnitIndex(text, stop)] : text[(int)start..(int)stop];
        }

        // Every character becomes a string of its own.
        budget.Text(Count(start, stop, step) * 2);
        budget.Items(hasPairs ? text.Length : 0);

        var characters = hasPairs ? PythonText.Characters(text) : null;
        var result = new StringBuilder();
        for (var i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (characters is null)
            {
                result.Append(text[(int)i]);
            }
            else
            {
                result.Append(characters[(int)i]);
            }

            if (step > text.Length || step < -text.Length)
            {
                break;
            }
        }

        return result.ToString();
    }

    private static long Count(long start, long stop, long step)
        => step > 0 ? stop > start ? ((stop - start - 1) / step) + 1 : 0 : start > stop ? ((start - stop - 1) / -Math.Max(step, -long.MaxValue)) + 1 : 0;

    private static long? Part(JinjaValue? value) => value switch
    {
        null or { IsNone: true } => null,
        { IsWhole: true } whole => whole.Integer,
        _ => throw JinjaFault.Failed($"a slice takes whole numbers, not a {value.Value.TypeName}"),
    };
}
