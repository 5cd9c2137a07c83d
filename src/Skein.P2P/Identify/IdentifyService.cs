using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
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

    // Peers that are being told, and whether something has changed since: at most one entry for each connected peer.
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, bool> _told = [];
    private int _version;

    /// <summary>Counts changes of what this host says.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Answers a question.</summary>
    public async Task AnswerAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var whole = Describe(stream.Connection);
        var message = whole.Write();
        if (message.Written.Length > IdentifyMessage.MaxSent)
        {
            // Two messages that the reader merges: the sealed record is the large part. Some read the first alone.
            var plain = whole with { SignedPeerRecord = null };
            var rest = plain with { ListenAddresses = null };
            var addresses = IdentifyMessage.Fitting(plain.ListenAddresses!, IdentifyMessage.MaxSent - rest.Write().Written.Length);
            await DelimitedMessages.WriteAsync(stream, (rest with { ListenAddresses = addresses }).Write(), cancellationToken);
            message = new IdentifyMessage { SignedPeerRecord = whole.SignedPeerRecord }.Write();
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
            await PushAsync(connection.Peer);
        }
    }

    /// <summary>Tells every connected peer what has changed. A peer that is being told something hears the newest afterwards, and nothing that lies between.</summary>
    public void PushToAll()
    {
        Interlocked.Increment(ref _version);
        foreach (var peer in host.Connections.Select(connection => connection.Peer).Distinct())
        {
            _ = PushAsync(peer);
        }
    }

    // One at a time for each peer: of two streams, nobody knows which the peer would read first, and it would keep the older word.
    private async Task PushAsync(PeerId peer)
    {
        lock (_gate)
        {
            if (!_told.TryAdd(peer, false))
            {
                _told[peer] = true;
                return;
            }
        }

        try
        {
            do
            {
                await PushNewestAsync(peer);
            }
            while (HasChanged(peer));
        }
        catch
        {
            lock (_gate)
            {
                _told.Remove(peer);
            }

            throw;
        }
    }

    private bool HasChanged(PeerId peer)
    {
        lock (_gate)
        {
            if (_told[peer])
            {
                _told[peer] = false;
                return true;
            }

            _told.Remove(peer);
            return false;
        }
    }

    private async Task PushNewestAsync(PeerId peer)
    {
        if (host.Peers.Find(peer)?.Protocols?.Contains(IdentifyProtocol.PushId, StringComparer.Ordinal) == true
            && host.ConnectionsWith(peer).FirstOrDefault(connection => !connection.Closed.IsCompleted) is { } connection)
        {
            await ExchangeAsync(connection, IdentifyProtocol.PushId, async (stream, token) =>
            {
                await AnswerAsync(stream, token);
                await stream.CloseWriteAsync(token);

                // It ends the stream when it has read the news; one that leaves it open is waited for as long as an exchange may take.
                _ = await stream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, token);
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
        host.Peers.Learn(connection.Peer, message, TellerScope.Of(host, connection, message.ListenAddresses ?? []));
        onIdentified(connection);
    }
}
