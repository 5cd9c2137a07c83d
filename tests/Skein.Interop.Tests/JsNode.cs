using System.Text.Json.Nodes;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>One of the peers of <see cref="JsNodes"/>.</summary>
/// <param name="Process">Where it lives.</param>
/// <param name="Number">Which one there.</param>
/// <param name="Id">Who it is.</param>
/// <param name="Listens">Where it listens, without its id.</param>
/// <param name="Addresses">What it tells others at its start: an address that looks public is not among them before somebody has confirmed it.</param>
public sealed record JsNode(JsNodes Process, int Number, PeerId Id, IReadOnlyList<Multiaddr> Listens, IReadOnlyList<Multiaddr> Addresses)
{
    /// <summary>Where it is dialled.</summary>
    public Multiaddr Address => Listens.First(address => !address.IsRelayed).WithPeerId(Id);

    /// <summary>Its place at a relay.</summary>
    public Multiaddr RelayedAddress => Addresses.First(address => address.IsRelayed).WithPeerId(Id);

    public Task<JsonNode> DialAsync(Multiaddr address) => Process.CallAsync("dial", new { node = Number, address = address.ToString() });

    public Task<JsonNode> CallAsync(string name) => Process.CallAsync(name, new { node = Number });

    public Task<JsonNode> UntilAsync(string name, Func<JsonNode, bool> condition, string phase) => Process.UntilAsync(name, new { node = Number }, condition, phase);

    /// <summary>Waits until it has settled what it believes of one of its own addresses.</summary>
    /// <returns>Whether others reach it there.</returns>
    public async Task<bool> VerdictAsync(Multiaddr address)
    {
        JsonNode Own(JsonNode answer) => answer["own"]!.AsArray().Single(own => (string)own!["address"]! == address.ToString())!;
        return (bool)Own(await UntilAsync("own", answer => (bool)Own(answer)["isSettled"]!, $"a verdict on {address}"))["verified"]!;
    }
}
