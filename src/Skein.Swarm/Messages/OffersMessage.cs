using System.Diagnostics.CodeAnalysis;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>What a node hosts: its first message on a session stream, and again whenever it changes. Fields: 1 offer (repeated).</summary>
/// <param name="Offers">The spans, at most sixteen.</param>
internal sealed record OffersMessage(IReadOnlyList<StageOffer> Offers) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Offers;

    public void Write(ref FieldWriter writer)
    {
        Span<byte> buffer = stackalloc byte[StageOffer.MaxSize];
        foreach (var offer in Offers)
        {
            var nested = new FieldWriter(buffer);
            offer.Write(ref nested);
            writer.Entry(1, buffer[..nested.Length]);
        }
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out OffersMessage? message)
    {
        message = null;
        var offers = new List<StageOffer>();
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                if (offers.Count == WireLimits.MaxOffers || !reader.TryBytes(StageOffer.MaxSize, out var bytes) || !StageOffer.TryRead(bytes, out var offer))
                {
                    return false;
                }

                offers.Add(offer!);
            }
        }

        if (reader.Failed)
        {
            return false;
        }

        message = new OffersMessage(offers);
        return true;
    }
}
