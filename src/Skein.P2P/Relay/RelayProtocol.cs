using Skein.P2P.Errors;
using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>Names of the two protocols of a relay, and reading of their messages. Stateless.</summary>
public static class RelayProtocol
{
    /// <summary>Spoken by a peer with its relay.</summary>
    public const string HopId = "/libp2p/circuit/relay/0.2.0/hop";

    /// <summary>Spoken by a relay with the peer at the end of a circuit.</summary>
    public const string StopId = "/libp2p/circuit/relay/0.2.0/stop";

    /// <summary>Reads a message; null if it cannot be read or none comes.</summary>
    internal static async Task<HopMessage?> ReadHopAsync(Stream stream, CancellationToken cancellationToken)
        => await ReadAsync(stream, HopMessage.MaxEncoded, cancellationToken) is { } encoded && HopMessage.TryRead(encoded, out var message) ? message : null;

    /// <summary>Reads a message; null if it cannot be read or none comes.</summary>
    internal static async Task<StopMessage?> ReadStopAsync(Stream stream, CancellationToken cancellationToken)
        => await ReadAsync(stream, StopMessage.MaxEncoded, cancellationToken) is { } encoded && StopMessage.TryRead(encoded, out var message) ? message : null;

    private static async Task<byte[]?> ReadAsync(Stream stream, int max, CancellationToken cancellationToken)
    {
        try
        {
            return await DelimitedMessages.ReadAsync(stream, max, cancellationToken);
        }
        catch (P2PException fault) when (fault.Error is P2PError.Malformed or P2PError.LimitReached)
        {
            return null;
        }
    }
}
