namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Equality of dictionary keys, as Python's: 1, 1.0 and True are one key. Only scalars are keys, so time is bounded by the text.</summary>
internal sealed class JinjaKeyComparer : IEqualityComparer<JinjaValue>
{
    public static JinjaKeyComparer Instance { get; } = new();

    public bool Equals(JinjaValue x, JinjaValue y)
    {
        if (x.IsText && y.IsText)
        {
            return string.Equals(x.Text, y.Text, StringComparison.Ordinal);
        }

        if (x.IsWhole && y.IsWhole)
        {
            return x.Integer == y.Integer;
        }

        return x.IsNumber && y.IsNumber ? x.Number.Equals(y.Number) : x.Kind == y.Kind && x.IsNone;
    }

    public int GetHashCode(JinjaValue obj) => obj switch
    {
        { IsText: true } => obj.Text.GetHashCode(StringComparison.Ordinal),
        { IsNumber: true } => obj.Number.GetHashCode(),
        _ => 0,
    };
}
