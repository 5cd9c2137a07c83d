using System.Diagnostics.CodeAnalysis;

namespace Skein.Swarm.Codecs;

/// <summary>The codecs that this build speaks.</summary>
internal static class RowCodecs
{
    private static readonly Float32Codec Float32 = new();
    private static readonly Float16Codec Float16 = new();

    /// <summary>The codec of a format that came from a peer.</summary>
    public static bool TryGet(RowFormat format, [NotNullWhen(true)] out IRowCodec? codec)
    {
        codec = format switch
        {
            RowFormat.Float32 => Float32,
            RowFormat.Float16 => Float16,
            _ => null,
        };
        return codec is not null;
    }

    /// <summary>The codec of a format that this process chose.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such format.</exception>
    public static IRowCodec Get(RowFormat format)
        => TryGet(format, out var codec) ? codec : throw new ArgumentOutOfRangeException(nameof(format), format, "No such row format.");
}
