using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Identify;

/// <summary>What a peer says about itself (libp2p/specs, identify). Absent fields are null: in a push they leave what is known unchanged.</summary>
public sealed record IdentifyMessage
{
    /// <summary>Longest single message that is read.</summary>
    public const int MaxEncoded = 8 * 1024;

    /// <summary>Longest message that is sent: rust-libp2p reads no more.</summary>
    public const int MaxSent = 4 * 1024;

    // What a peer record of ours may spend on addresses: key, signature and peer id around them take some 200 bytes.
    internal const int MaxRecordAddressBytes = MaxSent - 512;

    /// <summary>Messages that are read and merged from one stream.</summary>
    public const int MaxMessages = 10;

    /// <summary>Addresses that are kept.</summary>
    public const int MaxAddresses = 32;

    /// <summary>Protocols that are kept.</summary>
    public const int MaxProtocols = 128;

    private const int MaxText = 256;

    /// <summary>The peer's key.</summary>
    public PublicKey? PublicKey { get; init; }

    /// <summary>Where it listens, by its own word.</summary>
    public IReadOnlyList<Multiaddr>? ListenAddresses { get; init; }

    /// <summary>What it speaks.</summary>
    public IReadOnlyList<string>? Protocols { get; init; }

    /// <summary>Where it sees us come from: hearsay.</summary>
    public Multiaddr? ObservedAddress { get; init; }

    /// <summary>Which network it belongs to.</summary>
    public string? ProtocolVersion { get; init; }

    /// <summary>What program it runs.</summary>
    public string? AgentVersion { get; init; }

    /// <summary>Its addresses, sealed by itself; not yet checked.</summary>
    public ReadOnlyMemory<byte>? SignedPeerRecord { get; init; }

    /// <summary>Reads one message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out IdentifyMessage? message)
    {
        message = null;
        if (encoded.Length > MaxEncoded)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        PublicKey? key = null;
        List<Multiaddr>? addresses = null;
        List<string>? protocols = null;
        Multiaddr? observed = null;
        string? protocolVersion = null, agentVersion = null;
        byte[]? record = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    // A key of another kind is no fault here: the connection has proven who the peer is.
                    PublicKey.TryRead(reader.ReadBytes(PublicKey.MaxEncoded), out key);
                    break;
                case 2:
                    addresses ??= [];
                    if (Multiaddr.TryRead(reader.ReadBytes(Multiaddr.MaxLength), out var address) && addresses.Count < MaxAddresses)
                    {
                        addresses.Add(address);
                    }

                    break;
                case 3:
                    protocols ??= [];
                    var protocol = reader.ReadString(MaxText);
                    if (protocols.Count < MaxProtocols)
                    {
                        protocols.Add(protocol);
                    }

                    break;
                case 4:
                    Multiaddr.TryRead(reader.ReadBytes(Multiaddr.MaxLength), out observed);
                    break;
                case 5:
                    protocolVersion = reader.ReadString(MaxText);
                    break;
                case 6:
                    agentVersion = reader.ReadString(MaxText);
                    break;
                case 8:
                    record = reader.ReadBytes(MaxEncoded).ToArray();
                    break;
            }
        }

        if (reader.Malformed)
        {
            return false;
        }

        message = new IdentifyMessage
        {
            PublicKey = key,
            ListenAddresses = addresses,
            Protocols = protocols,
            ObservedAddress = observed,
            ProtocolVersion = protocolVersion,
            AgentVersion = agentVersion,
            SignedPeerRecord = record,
        };
        return true;
    }

    /// <summary>The message followed by another of the same stream: lists grow, single fields are replaced.</summary>
    public IdentifyMessage Merge(IdentifyMessage next) => new()
    {
        PublicKey = next.PublicKey ?? PublicKey,
        ListenAddresses = Join(ListenAddresses, next.ListenAddresses, MaxAddresses),
        Protocols = Join(Protocols, next.Protocols, MaxProtocols),
        ObservedAddress = next.ObservedAddress ?? ObservedAddress,
        ProtocolVersion = next.ProtocolVersion ?? ProtocolVersion,
        AgentVersion = next.AgentVersion ?? AgentVersion,
        SignedPeerRecord = next.SignedPeerRecord ?? SignedPeerRecord,
    };

    /// <summary>The message as protobuf.</summary>
    public ProtoWriter Write()
    {
        var writer = new ProtoWriter();
        if (PublicKey is not null)
        {
            writer.Bytes(1, PublicKey.Encoded.Span);
        }

        foreach (var address in ListenAddresses ?? [])
        {
            writer.Bytes(2, address.Bytes.Span);
        }

        foreach (var protocol in Protocols ?? [])
        {
            writer.Text(3, protocol);
        }

        if (ObservedAddress is not null)
        {
            writer.Bytes(4, ObservedAddress.Bytes.Span);
        }

        if (ProtocolVersion is not null)
        {
            writer.Text(5, ProtocolVersion);
        }

        if (AgentVersion is not null)
        {
            writer.Text(6, AgentVersion);
        }

        if (SignedPeerRecord is { } record)
        {
            writer.Bytes(8, record.Span);
        }

        return writer;
    }

    /// <summary>The first addresses that fit: of this message, or of a peer record. Those too long for the room that is left are skipped.</summary>
    /// <param name="addresses">All, most useful first.</param>
    /// <param name="bytes">Room.</param>
    internal static IReadOnlyList<Multiaddr> Fitting(IEnumerable<Multiaddr> addresses, int bytes)
    {
        // Field and length of the address, and of the message around it in a record.
        const int Around = 6;
        var fitting = new List<Multiaddr>();
        foreach (var address in addresses)
        {
            var size = address.Bytes.Length + Around;
            if (fitting.Count < MaxAddresses && size <= bytes)
            {
                fitting.Add(address);
                bytes -= size;
            }
        }

        return fitting;
    }

    private static IReadOnlyList<T>? Join<T>(IReadOnlyList<T>? first, IReadOnlyList<T>? second, int max)
        => first is null ? second : second is null ? first : [.. first.Concat(second).Take(max)];
}
