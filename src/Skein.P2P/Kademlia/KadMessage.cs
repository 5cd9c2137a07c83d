using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Kademlia;

/// <summary>One request or response of Kademlia (libp2p/specs, kad-dht, "RPC messages"). Immutable.</summary>
public sealed record KadMessage
{
    // Connection type of a peer we can reach; nobody relies on it.
    private const ulong CanConnect = 2;

    /// <summary>What is asked; a response repeats it.</summary>
    public required KadMessageType Type { get; init; }

    /// <summary>A record key, a multihash, or a peer id's bytes.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>The record put or got.</summary>
    public KadRecord? Record { get; init; }

    /// <summary>Peers nearer to the key.</summary>
    public IReadOnlyList<KadPeer> CloserPeers { get; init; } = [];

    /// <summary>Peers that provide the key.</summary>
    public IReadOnlyList<KadPeer> ProviderPeers { get; init; } = [];

    /// <summary>Reads a message.</summary>
    /// <remarks>Addresses that are well formed but unknown to us are skipped, as are peers without a usable id: one strange entry must not spoil a list.</remarks>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out KadMessage? message)
    {
        message = null;
        if (encoded.Length > KadLimits.MaxMessage)
        {
            return false;
        }

        var type = KadMessageType.PutValue;
        ReadOnlySpan<byte> key = [];
        KadRecord? record = null;
        List<KadPeer>? closer = null;
        List<KadPeer>? providers = null;
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = (KadMessageType)reader.ReadInt32((int)KadMessageType.Ping);
                    break;
                case 2:
                    key = reader.ReadBytes(KadLimits.MaxKey);
                    break;
                case 3:
                    if (!TryReadRecord(reader.ReadBytes(KadLimits.MaxKey + KadLimits.MaxValue + 256), out record))
                    {
                        reader.Fail();
                    }

                    break;
                case 8:
                    AddPeer(ref reader, ref closer);
                    break;
                case 9:
                    AddPeer(ref reader, ref providers);
                    break;
                default:
                    break;
            }
        }

        if (reader.Malformed)
        {
            return false;
        }

        message = new KadMessage { Type = type, Key = key.ToArray(), Record = record, CloserPeers = closer ?? [], ProviderPeers = providers ?? [] };
        return true;
    }

    /// <summary>Writes the message.</summary>
    public ProtoWriter Write()
    {
        var writer = new ProtoWriter().Varint(1, (ulong)Type);
        if (!Key.IsEmpty)
        {
            writer.Bytes(2, Key.Span);
        }

        if (Record is { } record)
        {
            var nested = new ProtoWriter().Bytes(1, record.Key.Span).Bytes(2, record.Value.Span);
            if (record.TimeReceived.Length > 0)
            {
                nested.Text(5, record.TimeReceived);
            }

            writer.Message(3, nested);
        }

        foreach (var peer in CloserPeers)
        {
            writer.Message(8, WritePeer(peer));
        }

        foreach (var peer in ProviderPeers)
        {
            writer.Message(9, WritePeer(peer));
        }

        return writer;
    }

    private static ProtoWriter WritePeer(KadPeer peer)
    {
        var writer = new ProtoWriter().Bytes(1, peer.Id.Bytes.Span);
        foreach (var address in peer.Addresses.Take(KadLimits.MaxAddresses))
        {
            writer.Bytes(2, address.Bytes.Span);
        }

        return writer.Varint(3, CanConnect);
    }

    private static void AddPeer(ref ProtoReader reader, ref List<KadPeer>? peers)
    {
        var encoded = reader.ReadBytes(PeerId.MaxLength + (KadLimits.MaxAddresses * 2 * Multiaddr.MaxLength));
        if (peers?.Count >= KadLimits.MaxPeers)
        {
            reader.Fail();
            return;
        }

        PeerId? id = null;
        var addresses = new List<Multiaddr>();
        var nested = new ProtoReader(encoded);
        while (nested.Next())
        {
            switch (nested.Field)
            {
                case 1:
                    PeerId.TryRead(nested.ReadBytes(1024), out id);
                    break;
                case 2:
                    if (Multiaddr.TryRead(nested.ReadBytes(8 * Multiaddr.MaxLength), out var address) && addresses.Count < KadLimits.MaxAddresses)
                    {
                        addresses.Add(address);
                    }

                    break;
                default:
                    break;
            }
        }

        if (nested.Malformed)
        {
            reader.Fail();
        }
        else if (id is not null)
        {
            (peers ??= []).Add(new KadPeer(id, addresses));
        }
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> encoded, out KadRecord? record)
    {
        record = null;
        ReadOnlySpan<byte> key = [];
        ReadOnlySpan<byte> value = [];
        var time = string.Empty;
        var reader = new ProtoReader(encoded);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    key = reader.ReadBytes(KadLimits.MaxKey);
                    break;
                case 2:
                    value = reader.ReadBytes(KadLimits.MaxValue);
                    break;
                case 5:
                    time = reader.ReadString(KadLimits.MaxTime);
                    break;
                default:
                    break;
            }
        }

        if (reader.Malformed)
        {
            return false;
        }

        record = new KadRecord(key.ToArray(), value.ToArray(), time);
        return true;
    }
}
