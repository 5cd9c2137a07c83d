using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Keys <c>/pk/&lt;bytes of a peer id&gt;</c>, under which lies that peer's public key (libp2p/specs, kad-dht). Nobody can put another one there.</summary>
public sealed class PublicKeyValidator : IRecordValidator
{
    /// <summary>The namespace.</summary>
    public const string Namespace = "pk";

    /// <inheritdoc/>
    public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now)
        => key.Length > Namespace.Length + 2 && PublicKey.TryRead(value, out var read) && read.PeerId.Bytes.Span.SequenceEqual(key[(Namespace.Length + 2)..]);

    /// <inheritdoc/>
    public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);
}
