using Skein.P2P.Negotiation;

namespace Skein.Fuzz.Targets;

/// <summary>Lines of multistream-select, one by one and in a whole negotiation.</summary>
[Fuzzes(typeof(MultistreamSelect))]
public sealed class NegotiationTarget : IFuzzTarget
{
    public string Name => "negotiation";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (MultistreamSelect.TryReadLine(data, out var text, out var consumed))
        {
            FuzzCheck.Holds(data[..consumed].SequenceEqual(MultistreamSelect.EncodeLine(text)), "a line survives a second writing");
        }
    }
}
