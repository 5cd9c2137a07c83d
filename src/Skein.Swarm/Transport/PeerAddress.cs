using System.Net;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Transport;

/// <summary>A peer and where it may be reached.</summary>
/// <remarks>Two addresses are equal when they name the same peer, wherever it is reached.</remarks>
public sealed class PeerAddress : IEquatable<PeerAddress>
{
    /// <summary>Creates an address.</summary>
    /// <param name="id">Names the peer: its libp2p peer id, or <c>host:port</c> where there is no identity (plain TCP). 1 to 128 bytes of UTF-8.</param>
    /// <param name="addresses">Where to reach it, in the transport's own notation; at most eight, of 256 bytes of UTF-8 at most.</param>
    /// <exception cref="ArgumentException">A limit is passed.</exception>
    public PeerAddress(string id, IReadOnlyList<string> addresses)
    {
        if (string.IsNullOrEmpty(id) || System.Text.Encoding.UTF8.GetByteCount(id) > WireLimits.MaxPeerId)
        {
            throw new ArgumentException($"A peer id has 1 to {WireLimits.MaxPeerId} bytes.", nameof(id));
        }

        if (addresses.Count > WireLimits.MaxAddresses || addresses.Any(a => a.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(a) > WireLimits.MaxAddress))
        {
            throw new ArgumentException($"A peer has at most {WireLimits.MaxAddresses} addresses of 1 to {WireLimits.MaxAddress} bytes.", nameof(addresses));
        }

        Id = id;
        Addresses = addresses;
    }

    /// <summary>Names the peer.</summary>
    public string Id { get; }

    /// <summary>Where to reach it, best first.</summary>
    public IReadOnlyList<string> Addresses { get; }

    /// <summary>Who said so, by its name on this transport: another peer, whose word is a hint; null for this side's own configuration and searches.</summary>
    public string? Teller { get; private init; }

    /// <summary>Whether the operator wrote it, so that names in it may lead to private places.</summary>
    public bool IsGiven { get; private init; }

    /// <summary>The same address as the operator's word.</summary>
    public PeerAddress GivenByOperator() => new(Id, Addresses) { IsGiven = true };

    /// <summary>The same address as another peer's word.</summary>
    /// <param name="teller">The peer, by its name on this transport.</param>
    public PeerAddress ToldBy(string teller) => new(Id, Addresses) { Teller = teller };

    /// <summary>A peer on plain TCP: its name is its address.</summary>
    public static PeerAddress Tcp(EndPoint endpoint)
    {
        var text = endpoint switch
        {
            IPEndPoint ip => ip.ToString(),
            DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
            _ => throw new ArgumentException($"{endpoint} is no TCP address.", nameof(endpoint)),
        };
        return new PeerAddress(text, [text]);
    }

    /// <summary>Reads <c>host:port</c>, <c>1.2.3.4:port</c> or <c>[::1]:port</c>.</summary>
    /// <exception cref="FormatException">Another notation.</exception>
    public static PeerAddress ParseTcp(string text) => Tcp(TcpEndPoints.Parse(text));

    /// <inheritdoc/>
    public bool Equals(PeerAddress? other) => other is not null && string.Equals(Id, other.Id, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PeerAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Id);

    /// <summary>The peer's id.</summary>
    public override string ToString() => Id;
}
