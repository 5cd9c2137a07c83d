using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Relay;

/// <summary>Dials peers through relays. It listens nowhere: circuits arrive on the stop protocol.</summary>
internal sealed class RelayTransport(P2PHost host) : ITransport
{
    public bool CanDial(Multiaddr address) => CircuitAddress.TryRead(address, out var circuit) && circuit.Relay != host.Id && circuit.Target is not null;

    public bool CanListen(Multiaddr address) => false;

    public Task<ITransportListener> ListenAsync(Multiaddr address, Action<RawConnection> onConnection, CancellationToken cancellationToken)
        => throw new P2PException(P2PError.DialFailed, $"{address} cannot be listened on; ask the relay for a reservation.");

    public async Task<RawConnection> DialAsync(Multiaddr address, AddressScope scope, CancellationToken cancellationToken)
    {
        if (!CircuitAddress.TryRead(address, out var circuit) || circuit.Target is not { } target)
        {
            throw new P2PException(P2PError.NoAddress, $"{address} does not say which peer is behind the relay.");
        }

        var connection = await ConnectToRelayAsync(host, circuit.Relay, circuit.RelayAddress, scope, cancellationToken);
        var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Decode, cancellationToken);
        stream.BecomeTunnel();
        try
        {
            await DelimitedMessages.WriteAsync(stream, new HopMessage { Type = HopMessageType.Connect, Peer = target }.Write(), cancellationToken);
            var answer = await RelayProtocol.ReadHopAsync(stream, cancellationToken);
            if (answer is not { Type: HopMessageType.Status, Status: RelayStatus.Ok })
            {
                throw new P2PException(P2PError.DialFailed, $"The relay {circuit.Relay} did not connect to {target}: {Explain(answer)}.");
            }

            return new RawConnection(new CircuitStream(stream), CircuitAddress.Through(circuit.RelayAddress ?? connection.Remote, circuit.Relay), null) { Limit = answer.Limit };
        }
        catch (Exception fault)
        {
            await stream.DisposeAsync();
            if (fault is IOException)
            {
                throw new P2PException(P2PError.DialFailed, $"The relay {circuit.Relay} was lost before it had connected to {target}.", fault);
            }

            throw;
        }
    }

    /// <summary>Connects to a relay, directly.</summary>
    /// <exception cref="P2PException">It cannot be reached, or only through another relay, which no relay serves.</exception>
    public static async Task<P2PConnection> ConnectToRelayAsync(P2PHost host, PeerId relay, Multiaddr? address, AddressScope scope, CancellationToken cancellationToken)
    {
        if (host.ConnectionsWith(relay).FirstOrDefault(candidate => !candidate.IsRelayed && !candidate.Closed.IsCompleted) is { } there)
        {
            return there;
        }

        if (address is not null)
        {
            // What a peer says of its relay's address is hearsay.
            host.Peers.AddHints(relay, scope, [address]);
        }

        var connection = await host.ConnectAsync(relay, cancellationToken);
        return !connection.IsRelayed ? connection
            : throw new P2PException(P2PError.DialFailed, $"The relay {relay} is itself reached only through a relay.");
    }

    public static string Explain(HopMessage? answer) => answer switch
    {
        null => "it ended the stream, or what it said cannot be read",
        { Status: RelayStatus.NoReservation } => "that peer has no place there now",
        { Status: RelayStatus.ConnectionFailed } => "that peer did not answer it",
        { Status: RelayStatus.ResourceLimitExceeded } => "too many circuits are open there; try again later",
        { Status: RelayStatus.PermissionDenied } => "it does not serve us, or not that peer",
        { Status: RelayStatus.ReservationRefused } => "it has no place left",
        _ => $"status {(int)answer.Status}",
    };
}
