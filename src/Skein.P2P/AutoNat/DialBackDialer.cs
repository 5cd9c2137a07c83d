using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.AutoNat;

/// <summary>Dials askers back: each time as somebody new, who knows one address and has no connection yet, from a port that the asker's router has not seen. Thread-safe.</summary>
/// <param name="transports">Ways to dial that do not leave from a listening port: else the asker's router would take the dial for an answer.</param>
/// <param name="time">Clock.</param>
/// <param name="timeout">Time for a dial and what follows it.</param>
internal sealed class DialBackDialer(IReadOnlyList<ITransport> transports, TimeProvider time, TimeSpan timeout)
{
    private static readonly P2PLimits Limits = new() { MaxConnections = 1, MaxKnownPeers = 1 };

    /// <summary>Whether an address is of a kind that can be dialled.</summary>
    public bool CanDial(Multiaddr address) => transports.Any(transport => transport.CanDial(address));

    /// <summary>Dials one address and delivers a nonce, if there is one.</summary>
    public async Task<DialStatus> DialAsync(PeerId peer, Multiaddr address, ulong? nonce, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(timeout, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var key = PeerKey.Generate();
        await using var host = new P2PHost(new P2PHostOptions { Key = key, Limits = Limits with { DialTimeout = timeout } }, transports, time);
        var reached = false;
        try
        {
            var connection = await host.ConnectAsync(address.WithPeerId(peer), bound.Token);
            reached = true;
            if (nonce is { } number)
            {
                await using var stream = await connection.NewStreamAsync(AutoNatProtocol.DialBackId, StreamClass.Control, bound.Token);
                await DelimitedMessages.WriteAsync(stream, new DialBackMessage(number).Write(), bound.Token);
                // Its arrival is what counts: the other side has read the nonce.
                if (await DelimitedMessages.ReadAsync(stream, DialBackMessage.MaxEncoded, bound.Token) is null)
                {
                    return DialStatus.DialBackError;
                }
            }

            return DialStatus.Ok;
        }
        catch (Exception fault) when (fault is P2PException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return reached ? DialStatus.DialBackError : DialStatus.DialError;
        }
    }
}
