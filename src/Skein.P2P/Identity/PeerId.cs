using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Errors;
using Skein.P2P.Wire;

namespace Skein.P2P.Identity;

/// <summary>Names a peer: the multihash of its public key (libp2p/specs, peer-ids). Immutable and thread-safe.</summary>
public sealed class PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    /// <summary>Longest id: the identity hash of a 42-byte key.</summary>
    public const int MaxLength = 44;

    // Keys that serialise to more are hashed with SHA-256.
    private const int MaxInlineKey = 42;
    private const ulong Libp2pKeyCodec = 0x72;

    private readonly byte[] _bytes;
    private readonly int _hashCode;
    private string? _text;

    private PeerId(byte[] bytes)
    {
        _bytes = bytes;
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        _hashCode = hash.ToHashCode();
    }

    /// <summary>The multihash.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Whether two ids are the same.</summary>
    public static bool operator ==(PeerId? left, PeerId? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two ids differ.</summary>
    public static bool operator !=(PeerId? left, PeerId? right) => !(left == right);

    /// <summary>Whether the left id sorts first.</summary>
    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the right id sorts first.</summary>
    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left id does not sort later.</summary>
    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the right id does not sort later.</summary>
    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;

    /// <summary>Reads the bytes of an id: an identity multihash of at most 42 bytes, or SHA-256.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out PeerId? id)
    {
        id = null;
        if (bytes.Length > MaxLength || !Multihash.TryRead(bytes, out var code, out var digest))
        {
            return false;
        }

        if (code == Multihash.Identity ? digest.Length is > 0 and <= MaxInlineKey : code == Multihash.Sha256 && digest.Length == 32)
        {
            id = new PeerId(bytes.ToArray());
        }

        return id is not null;
    }

    /// <summary>Reads the text of an id: base58btc (<c>12D3Koo...</c>, <c>Qm...</c>) or a CIDv1 of a libp2p key (<c>baf...</c>, <c>k...</c>).</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out PeerId? id)
    {
        id = null;
        if (text.StartsWith("1", StringComparison.Ordinal) || text.StartsWith("Qm", StringComparison.Ordinal))
        {
            return Base58.TryDecode(text, out var plain) && TryRead(plain, out id);
        }

        return Multibase.TryDecode(text, out var cid)
            && Uvarint.TryRead(cid, out var version, out var first) && version == 1
            && Uvarint.TryRead(cid.AsSpan(first), out var codec, out var second) && codec == Libp2pKeyCodec
            && TryRead(cid.AsSpan(first + second), out id);
    }

    /// <summary>Reads the text of an id.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>.</exception>
    public static PeerId Parse(string text)
        => TryParse(text, out var id) ? id : throw new P2PException(P2PError.Malformed, $"\"{text}\" is no peer id; one looks like 12D3KooW..., or like bafz....");

    /// <summary>The public key, if the id carries it.</summary>
    public bool TryGetPublicKey([NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        return _bytes[0] == (byte)Multihash.Identity && PublicKey.TryRead(_bytes.AsSpan(2), out key);
    }

    /// <summary>The id as a CIDv1 in base32.</summary>
    public string ToCid() => Multibase.EncodeBase32([1, (byte)Libp2pKeyCodec, .. _bytes]);

    /// <inheritdoc/>
    public bool Equals(PeerId? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PeerId);

    /// <inheritdoc/>
    public override int GetHashCode() => _hashCode;

    /// <summary>By bytes.</summary>
    public int CompareTo(PeerId? other) => other is null ? 1 : _bytes.AsSpan().SequenceCompareTo(other._bytes);

    /// <summary>base58btc.</summary>
    public override string ToString() => _text ??= Base58.Encode(_bytes);

    internal static PeerId FromEncodedKey(ReadOnlySpan<byte> encoded)
        => new(encoded.Length <= MaxInlineKey ? Multihash.OfIdentity(encoded) : Multihash.OfSha256(encoded));
}
