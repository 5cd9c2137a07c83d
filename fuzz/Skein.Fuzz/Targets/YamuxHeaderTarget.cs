using Skein.P2P.Yamux;

namespace Skein.Fuzz.Targets;

/// <summary>Headers of Yamux frames.</summary>
[Fuzzes(typeof(YamuxHeader))]
public sealed class YamuxHeaderTarget : IFuzzTarget
{
    public string Name => "yamux-header";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (YamuxHeader.TryRead(data, out var header))
        {
            var bytes = new byte[YamuxHeader.Size];
            header.Write(bytes);
            FuzzCheck.Holds(data[..YamuxHeader.Size].SequenceEqual(bytes), "a header survives a second writing");
        }
    }
}
