namespace Skein.Gguf;

internal static class RangeCheck
{
    public static void Throw(IRangeSource source, long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset > source.Length - count)
        {
            throw new GgufException(GgufError.Truncated, $"{source.Name} has {source.Length} bytes; {count} at byte {offset} were asked for.");
        }
    }
}
