using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.Addressing;

/// <summary>An address that describes itself, such as <c>/ip4/1.2.3.4/tcp/4001/p2p/12D3Koo...</c> (multiformats/multiaddr). Immutable and thread-safe.</summary>
public sealed class Multiaddr : IEquatable<Multiaddr>
{
    /// <summary>Longest address in bytes; a relayed one with names takes under 400.</summary>
    public const int MaxLength = 1024;

    // Far more than any real address has.
    private const int MaxParts = 16;
    private const int MaxText = 4096;

    private readonly byte[] _bytes;
    private readonly MultiaddrPart[] _parts;
    private string? _text;

    private Multiaddr(byte[] bytes, MultiaddrPart[] parts)
    {
        _bytes = bytes;
        _parts = parts;
    }

    /// <summary>The address in binary.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Its protocols, outermost network first.</summary>
    public IReadOnlyList<MultiaddrPart> Parts => _parts;

    /// <summary>The peer that the address leads to: the last peer id; null if it names none at its end.</summary>
    public PeerId? PeerId => _parts[^1].Code == MultiaddrCode.P2P && PeerId.TryRead(_parts[^1].Value.Span, out var id) ? id : null;

    /// <summary>Whether the way leads through a relay.</summary>
    public bool IsRelayed => Has(MultiaddrCode.P2PCircuit);

    /// <summary>Whether the way is a WebSocket, with TLS or without.</summary>
    public bool IsWebSocket => Has(MultiaddrCode.Ws) || Has(MultiaddrCode.Wss);

    /// <summary>Whether TLS lies below.</summary>
    public bool IsTls => Has(MultiaddrCode.Tls) || Has(MultiaddrCode.Wss);

    /// <summary>Whether the address is plain TCP, up to a peer id.</summary>
    public bool IsPlainTcp => HasTcp && _parts[2..].All(part => part.Code == MultiaddrCode.P2P);

    /// <summary>Whether the address starts with a host and a TCP port.</summary>
    public bool HasTcp => _parts.Length >= 2 && _parts[0].Code is MultiaddrCode.Ip4 or MultiaddrCode.Ip6 or MultiaddrCode.Dns or MultiaddrCode.Dns4 or MultiaddrCode.Dns6
        && _parts[1].Code == MultiaddrCode.Tcp;

    /// <summary>The IP address and TCP port at the start; null if there are none, or a name stands there.</summary>
    public IPEndPoint? TcpEndPoint => HasTcp && _parts[0].Code is MultiaddrCode.Ip4 or MultiaddrCode.Ip6 ? new IPEndPoint(_parts[0].Address, _parts[1].Port) : null;

    /// <summary>The address of a TCP port; IPv4 written as IPv6 is taken as IPv4.</summary>
    public static Multiaddr FromTcp(IPEndPoint endPoint)
    {
        var address = endPoint.Address.IsIPv4MappedToIPv6 ? endPoint.Address.MapToIPv4() : endPoint.Address;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // Without the zone: it means nothing elsewhere.
            address = new IPAddress(address.GetAddressBytes());
        }

        var family = address.AddressFamily == AddressFamily.InterNetwork ? MultiaddrCode.Ip4 : MultiaddrCode.Ip6;
        return FromParts([new(family, address.GetAddressBytes()), new(MultiaddrCode.Tcp, new byte[] { (byte)(endPoint.Port >> 8), (byte)endPoint.Port })]);
    }

    /// <summary>Reads an address that fills the source.</summary>
    /// <returns>False if it is malformed, too long, or holds a protocol that is not known (its length cannot be told): skip such an address, do not fail the list.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (source.Length is 0 or > MaxLength)
        {
            return false;
        }

        var bytes = source.ToArray();
        var parts = new List<MultiaddrPart>(4);
        var at = 0;
        while (at < bytes.Length)
        {
            if (parts.Count == MaxParts || !Uvarint.TryRead(source[at..], out var code, out var consumed) || MultiaddrProtocol.Find(code) is not { } protocol)
            {
                return false;
            }

            at += consumed;
            var size = (ulong)Math.Max(0, protocol.Size);
            if (protocol.Size == MultiaddrProtocol.Prefixed)
            {
                if (!Uvarint.TryRead(source[at..], out size, out consumed) || size > MultiaddrPart.MaxValue)
                {
                    return false;
                }

                at += consumed;
            }

            if (size > (ulong)(bytes.Length - at) || !MultiaddrPart.IsValid(protocol.Code, source.Slice(at, (int)size)))
            {
                return false;
            }

            parts.Add(new MultiaddrPart(protocol.Code, bytes.AsMemory(at, (int)size)));
            at += (int)size;
        }

        address = new Multiaddr(bytes, [.. parts]);
        return true;
    }

    /// <summary>Reads the text of an address.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Multiaddr? address)
    {
        address = null;
        if (text.Length is 0 or > MaxText || text[0] != '/')
        {
            return false;
        }

        var words = text.TrimEnd('/').Split('/');
        var parts = new List<MultiaddrPart>(4);
        for (var i = 1; i < words.Length; i++)
        {
            if (parts.Count == MaxParts || MultiaddrProtocol.Find(words[i]) is not { } protocol)
            {
                return false;
            }

            byte[] value = [];
            if (protocol.Size != 0 && (++i == words.Length || !MultiaddrPart.TryParseValue(protocol.Code, words[i], out value)))
            {
                return false;
            }

            parts.Add(new MultiaddrPart(protocol.Code, value));
        }

        address = parts.Count == 0 ? null : FromParts(parts);
        if (address?._bytes.Length > MaxLength)
        {
            address = null;
        }

        return address is not null;
    }

    /// <summary>Reads the text of an address.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>.</exception>
    public static Multiaddr Parse(string text)
        => TryParse(text, out var address) ? address : throw new P2PException(P2PError.Malformed, $"\"{text}\" is no address; one looks like /ip4/1.2.3.4/tcp/4001 or /dns4/example.org/tcp/443/tls/ws.");

    /// <summary>Puts an address together.</summary>
    /// <param name="parts">At least one.</param>
    public static Multiaddr FromParts(IReadOnlyList<MultiaddrPart> parts)
    {
        ArgumentOutOfRangeException.ThrowIfZero(parts.Count);
        var bytes = new List<byte>();
        Span<byte> number = stackalloc byte[Uvarint.MaxLength];
        foreach (var part in parts)
        {
            bytes.AddRange(number[..Uvarint.Write(number, (ulong)part.Code)]);
            if (MultiaddrProtocol.Find((ulong)part.Code)!.Size == MultiaddrProtocol.Prefixed)
            {
                bytes.AddRange(number[..Uvarint.Write(number, (ulong)part.Value.Length)]);
            }

            bytes.AddRange(part.Value.Span);
        }

        return new Multiaddr([.. bytes], [.. parts]);
    }

    /// <summary>Whether the address holds the protocol.</summary>
    public bool Has(MultiaddrCode code) => Array.Exists(_parts, part => part.Code == code);

    /// <summary>The address followed by a peer id; itself if it leads to that peer already.</summary>
    public Multiaddr WithPeerId(PeerId id)
        => PeerId == id ? this : FromParts([.. _parts, new(MultiaddrCode.P2P, id.Bytes)]);

    /// <summary>The address without the peer id at its end.</summary>
    public Multiaddr WithoutPeerId() => _parts.Length > 1 && _parts[^1].Code == MultiaddrCode.P2P ? FromParts(_parts[..^1]) : this;

    /// <summary>This address, then more of the way.</summary>
    public Multiaddr Then(params ReadOnlySpan<MultiaddrPart> more) => FromParts([.. _parts, .. more]);

    /// <inheritdoc/>
    public bool Equals(Multiaddr? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Multiaddr);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    /// <summary>The address as text.</summary>
    public override string ToString()
    {
        if (_text is null)
        {
            var text = new StringBuilder();
            foreach (var part in _parts)
            {
                var protocol = MultiaddrProtocol.Find((ulong)part.Code)!;
                text.Append('/').Append(protocol.Name);
                if (protocol.Size != 0)
                {
                    text.Append('/').Append(part.ValueText);
                }
            }

            _text = text.ToString();
        }

        return _text;
    }
}
