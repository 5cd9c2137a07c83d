using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Identify;

/// <summary>Tells peers what a host is and learns what they are, at first and whenever that changes. Thread-safe.</summary>
/// <param name="host">The host.</param>
/// <param name="options">What it says of itself.</param>
/// <param name="time">Clock.</param>
/// <param name="running">Counts exchanges.</param>
/// <param name="onIdentified">Told when a peer has said what it is.</param>
/// <param name="stopping">Cancelled when the host stops.</param>
internal sealed class IdentifyService(P2PHost host, P2PHostOptions options, TimeProvider time, RunningWork running, Action<P2PConnection> onIdentified, CancellationToken stopping)
{
    private readonly PushRate _pushes = new(time);
    private int _version;

    /// <summary>Counts changes of what this host says.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Answers a question.</summary>
    public async Task AnswerAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var message = Describe(stream.Connection).Write();
        if (message.Written.Length > IdentifyMessage.MaxSent)
        {
            // Two messages that the reader merges: the sealed record is the large part.
            var plain = Describe(stream.Connection) with { SignedPeerRecord = null };
            await DelimitedMessages.WriteAsync(stream, plain.Write(), cancellationToken);
            message = new IdentifyMessage { SignedPeerRecord = host.SealedRecord() }.Write();
        }

        await DelimitedMessages.WriteAsync(stream, message, cancellationToken);
    }

    /// <summary>Takes news; news that comes too often later than it came.</summary>
    public async Task TakePushAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(IdentifyProtocol.Timeout, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var news = await IdentifyProtocol.ReadAsync(stream, bound.Token);
        var wait = _pushes.Take(stream.Peer) ?? throw new P2PException(P2PError.LimitReached, $"Too many peers have news at once; that of {stream.Peer} is not listened to.");
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken);
        }

        Learn(stream.Connection, news);
    }

    /// <summary>Asks the peer of a new connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="version"><see cref="Version"/> before the peer could ask anything over it.</param>
    public async Task AskAsync(P2PConnection connection, int version)
    {
        await ExchangeAsync(connection, IdentifyProtocol.Id, async (stream, token) =>
        {
            await stream.CloseWriteAsync(token);
            Learn(connection, await IdentifyProtocol.ReadAsync(stream, token));
        });
        if (Version != version)
        {
            // What changed while nobody knew yet whether the peer takes news.
            await PushAsync(connection);
        }
    }

    /// <summary>Tells every connected peer what has changed; the newest word is what each call sends.</summary>
    public void PushToAll()
    {
        Interlocked.Increment(ref _version);
        foreach (var connection in host.Connections.DistinctBy(connection => connection.Peer))
        {
            _ = PushAsync(connection);
        }
    }

    private async Task PushAsync(P2PConnection connection)
    {
        if (host.Peers.Find(connection.Peer)?.Protocols?.Contains(IdentifyProtocol.PushId, StringComparer.Ordinal) == true)
        {
            await ExchangeAsync(connection, IdentifyProtocol.PushId, async (stream, token) =>
            {
                await AnswerAsync(stream, token);
                await stream.CloseWriteAsync(token);
            });
        }
    }

    private async Task ExchangeAsync(P2PConnection connection, string protocol, Func<P2PStream, CancellationToken, Task> exchange)
    {
        running.Enter();
        try
        {
            using var timeout = new CancellationTokenSource(IdentifyProtocol.Timeout, time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
            await using var stream = await connection.NewStreamAsync(protocol, StreamClass.Control, bound.Token);
            await exchange(stream, bound.Token);
        }
        catch (Exception fault) when (fault is P2PException or IOException or OperationCanceledException)
        {
            // A peer that does not say what it is can still be spoken to, and asks again at its next connection.
        }
        finally
        {
            running.Leave();
        }
    }

    private IdentifyMessage Describe(P2PConnection connection) => new()
    {
        PublicKey = options.Key.PublicKey,
        ListenAddresses = [.. host.Addresses.Take(IdentifyMessage.MaxAddresses)],
        Protocols = host.Protocols,
        // What a relay shows of a peer is of no use to it.
        ObservedAddress = connection.IsRelayed ? null : connection.Remote,
        ProtocolVersion = options.ProtocolVersion,
        AgentVersion = options.AgentVersion,
        SignedPeerRecord = host.SealedRecord(),
    };

    private void Learn(P2PConnection connection, IdentifyMessage message)
    {
        if (message.PublicKey is { } key && !key.Equals(connection.RemoteKey))
        {
            throw new P2PException(P2PError.WrongPeer, $"{connection.Peer} identified itself with the key of {key.PeerId}.");
        }

        // js-libp2p puts our peer id behind the address.
        connection.ObservedAddress = connection.IsRelayed ? null : message.ObservedAddress?.WithoutPeerId() ?? connection.ObservedAddress;
        host.Peers.Learn(connection.Peer, message);
        onIdentified(connection);
    }
}
