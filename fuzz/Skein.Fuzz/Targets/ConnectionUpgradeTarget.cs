using Skein.P2P.Negotiation;
using Skein.P2P.Noise;
using Skein.P2P.Yamux;

namespace Skein.Fuzz.Targets;

/// <summary>What a stranger sends while a connection is upgraded: multistream-select lines, the payload of the Noise handshake, Yamux headers.</summary>
[Fuzzes(typeof(MultistreamSelect))]
[Fuzzes(typeof(NoisePayload))]
[Fuzzes(typeof(YamuxHeader))]
public sealed class ConnectionUpgradeTarget : IFuzzTarget
{
    public string Name => "connection-upgrade";

    public void Run(ReadOnlySpan<byte> data)
    {
        CheckLines(data);
        if (NoisePayload.TryRead(data, out var payload))
        {
            FuzzCheck.Holds(NoisePayload.TryRead(payload.Encode(), out var again) && again.StreamMuxers.SequenceEqual(payload.StreamMuxers), "a payload survives a second writing");
            payload.Verify(new byte[32]);
        }

        if (YamuxHeader.TryRead(data, out var header))
        {
            Span<byte> written = stackalloc byte[YamuxHeader.Size];
            header.Write(written);
            FuzzCheck.Holds(data.StartsWith(written), "a header survives a second writing");
        }
    }

    private static void CheckLines(ReadOnlySpan<byte> data)
    {
        while (MultistreamSelect.TryReadLine(data, out _, out var consumed))
        {
            FuzzCheck.Holds(consumed > 0 && consumed <= data.Length, "a line takes bytes that are there");
            data = data[consumed..];
        }
    }
}
