using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Kademlia;

/// <summary>Sends the DHT's requests. Thread-safe.</summary>
internal sealed class KadClient(P2PHost host, KademliaOptions options, TimeProvider time)
{
    // Twice k peers with a dozen addresses each are 40 KiB; ten answers may be under way at once.
    private const int MaxAnswer = 512 * 1024;

    /// <summary>Asks a peer.</summary>
    /// <exception cref="P2PException">It cannot be reached, does not speak the protocol, breaks it, or does not answer in time.</exception>
    public async Task<KadMessage> AskAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Lookup.PeerTimeout, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await using var stream = await host.NewStreamAsync(peer, options.Protocol, StreamClass.Control, bound.Token);
            await DelimitedMessages.WriteAsync(stream, request.Write(), bound.Token);
            var encoded = await DelimitedMessages.ReadAsync(stream, MaxAnswer, bound.Token)
                ?? throw new P2PException(P2PError.ProtocolViolation, $"{peer} ended the stream instead of answering.");
            if (!KadMessage.TryRead(encoded, out var answer) || answer.Type != request.Type)
            {
                throw new P2PException(P2PError.Malformed, $"{peer} sent a DHT answer that is none.");
            }

            Learn(answer);
            return answer;
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"{peer} did not answer within {options.Lookup.PeerTimeout.TotalSeconds:0.#} s.", fault);
        }
        catch (Exception fault) when (fault is ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Closing(fault);
        }
    }

    /// <summary>Sends a request that has no answer.</summary>
    /// <exception cref="P2PException">As <see cref="AskAsync"/>.</exception>
    public async Task TellAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.Lookup.PeerTimeout, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await using var stream = await host.NewStreamAsync(peer, options.Protocol, StreamClass.Control, bound.Token);
            await DelimitedMessages.WriteAsync(stream, request.Write(), bound.Token);
            await stream.CloseWriteAsync().AsTask().WaitAsync(bound.Token);

            // Until the peer has finished with it: disposing earlier would reset the stream under its reader.
            if (await stream.ReadAsync(new byte[1], bound.Token) != 0)
            {
                throw new P2PException(P2PError.ProtocolViolation, $"{peer} answered a message that has no answer.");
            }
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"{peer} did not take a message within {options.Lookup.PeerTimeout.TotalSeconds:0.#} s.", fault);
        }
        catch (Exception fault) when (fault is ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Closing(fault);
        }
    }

    private static P2PException Closing(Exception fault) => new(P2PError.ConnectionClosed, "This host is closing.", fault);

    private void Learn(KadMessage answer)
    {
        foreach (var peer in answer.CloserPeers.Concat(answer.ProviderPeers))
        {
            if (peer.Id != host.Id && peer.Addresses.Count > 0)
            {
                host.Peers.AddHints(peer.Id, peer.Addresses);
            }
        }
    }
}
