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

        return x.IsNumber && y.IsNumber ? Bits(x) == Bits(y) && IsIntegral(x) == IsIntegral(y) : x.IsNone && y.IsNone;
    }

    public int GetHashCode(JinjaValue obj) => obj switch
    {
        { IsText: true } => obj.Text.GetHashCode(StringComparison.Ordinal),

        // Seeded, over all 64 bits: with .NET's own hash of numbers a template could make a million keys that collide.
        { IsNumber: true } => HashCode.Combine((int)(Bits(obj) >> 32), (int)Bits(obj)),
        _ => 0,
    };

    private static bool IsIntegral(JinjaValue value) => value.IsWhole || (value.Number is >= -9223372036854775808.0 and < 9223372036854775808.0 && Math.Floor(value.Number) == value.Number);

    private static long Bits(JinjaValue value) => value.IsWhole ? value.Integer : IsIntegral(value) ? (long)value.Number : BitConverter.DoubleToInt64Bits(value.Number);
}
