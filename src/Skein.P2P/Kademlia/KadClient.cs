using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Kademlia;

/// <summary>Sends the DHT's requests. Thread-safe.</summary>
internal sealed class KadClient(P2PHost host, KademliaOptions options, TimeProvider time)
{
    // 64 providers and 20 peers with 32 addresses each come to 150 KiB; ten answers may be under way at once.
    private const int MaxAnswer = 512 * 1024;

    /// <summary>Asks a peer.</summary>
    /// <exception cref="P2PException">It cannot be reached, does not speak the protocol, breaks it, or does not answer in time.</exception>
    public async Task<KadAnswer> AskAsync(PeerId peer, KadMessage request, CancellationToken cancellationToken)
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

            var isNear = DialHints.IsNear(stream.Connection);
            answer = answer with { CloserPeers = Clean(answer.CloserPeers, isNear), ProviderPeers = Clean(answer.ProviderPeers, isNear) };
            return new KadAnswer(answer, stream.Connection);
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"{peer} did not answer within {options.Lookup.PeerTimeout.TotalSeconds:0.#} s.", fault);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new P2PException(P2PError.ConnectionClosed, $"{peer} was lost while it was asked, or this host is closing.", fault);
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
            await stream.CloseWriteAsync(bound.Token);

            // Until the peer has finished with it: disposing earlier would reset the stream under its reader.
            await ReadEndAsync(stream, bound.Token);
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"{peer} did not take a message within {options.Lookup.PeerTimeout.TotalSeconds:0.#} s.", fault);
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new P2PException(P2PError.ConnectionClosed, $"{peer} was lost while it was told, or this host is closing.", fault);
        }
    }

    private static async Task ReadEndAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        try
        {
            if (await stream.ReadAsync(new byte[1], cancellationToken) != 0)
            {
                throw new P2PException(P2PError.ProtocolViolation, $"{stream.Peer} answered a message that has no answer.");
            }
        }
        catch (P2PException fault) when (fault.Error == P2PError.StreamReset)
        {
            // js-libp2p 3.3 ends a stream without an answer by a reset. Whether the peer took the message, the protocol does not say in any case.
        }
    }

    private static IReadOnlyList<KadPeer> Clean(IReadOnlyList<KadPeer> peers, bool isNear) => [.. peers.Select(peer => peer with { Addresses = DialHints.Filter(peer.Addresses, isNear) })];
}
