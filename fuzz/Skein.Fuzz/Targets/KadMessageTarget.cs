using Skein.P2P.Kademlia;

namespace Skein.Fuzz.Targets;

/// <summary>Messages of the DHT.</summary>
[Fuzzes(typeof(KadMessage))]
public sealed class KadMessageTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "kad-message";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (KadMessage.TryRead(data, out var message))
        {
            FuzzCheck.Holds(message.CloserPeers.Count <= KadLimits.MaxPeers && message.ProviderPeers.Count <= KadLimits.MaxPeers, "no more peers than the limit");
            FuzzCheck.Holds(KadMessage.TryRead(message.Write().ToArray(), out var again) && again.Key.Span.SequenceEqual(message.Key.Span), "what was read can be written and read again");
        }
    }
}
