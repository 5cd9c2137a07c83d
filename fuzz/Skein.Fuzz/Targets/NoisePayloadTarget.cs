using Skein.P2P.Noise;

namespace Skein.Fuzz.Targets;

/// <summary>What a stranger says about itself in the Noise handshake.</summary>
[Fuzzes(typeof(NoisePayload))]
public sealed class NoisePayloadTarget : IFuzzTarget
{
    public string Name => "noise-payload";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (NoisePayload.TryRead(data, out var payload))
        {
            FuzzCheck.Holds(!payload.Verify(new byte[32]), "nobody signs by chance");
            FuzzCheck.Holds(NoisePayload.TryRead(payload.Encode(), out var again) && again.StreamMuxers.SequenceEqual(payload.StreamMuxers), "a payload survives a second writing");
        }
    }
}
