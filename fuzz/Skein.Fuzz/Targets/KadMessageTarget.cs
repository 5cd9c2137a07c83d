using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>Messages of the DHT, and what a server would keep of them.</summary>
[Fuzzes(typeof(KadMessage))]
public sealed class KadMessageTarget : IFuzzTarget
{
    private static readonly PeerId Self = ReadId(Multihash.OfSha256("self"u8));
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, IRecordValidator> Rules = new(StringComparer.Ordinal) { [PublicKeyValidator.Namespace] = new PublicKeyValidator() };

    /// <inheritdoc/>
    public string Name => "kad-message";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        if (!KadMessage.TryRead(data, out var message))
        {
            return;
        }

        FuzzCheck.Holds(message.CloserPeers.Count <= KadLimits.MaxPeers && message.ProviderPeers.Count <= KadLimits.MaxPeers, "no more peers than the limit");
        FuzzCheck.Holds(KadMessage.TryRead(message.Write().ToArray(), out var again) && again.Key.Span.SequenceEqual(message.Key.Span), "what was read can be written and read again");
        Store(message);
    }

    private static void Store(KadMessage message)
    {
        var options = new KadStoreOptions { MaxRecordBytes = 1024, MaxProviders = 8, MaxProvidersPerKey = 4 };
        var records = new KadRecordStore(Self, Rules, options);
        if (message.Record is { } record)
        {
            var isKept = records.Put(record.Key.Span, record.Value.Span, Now);
            FuzzCheck.Holds(!isKept || records.IsValid(record.Key.Span, record.Value.Span, Now), "only valid records are kept");
            FuzzCheck.Holds(isKept == records.Get(record.Key.Span, Now) is not null, "what was taken can be had");
        }

        var providers = new KadProviderStore(options, new Random(1));
        foreach (var peer in message.ProviderPeers)
        {
            providers.Add(message.Key.Span, peer.Id, peer.Addresses, null, Now);
        }

        FuzzCheck.Holds(providers.Get(message.Key.Span, int.MaxValue, Now).Count <= options.MaxProvidersPerKey, "no more providers than the limit");
    }

    private static PeerId ReadId(byte[] bytes) => PeerId.TryRead(bytes, out var id) ? id : throw new InvalidOperationException("A multihash is a peer id.");
}
