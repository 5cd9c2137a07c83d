using System.Collections.Concurrent;
using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Negotiation;
using Skein.P2P.Ping;
using Skein.P2P.Records;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>A peer: listens, dials, and opens streams to other peers by their id. Thread-safe.</summary>
/// <remarks>
/// <para>Everything above builds on five things: <see cref="Handle"/> serves a protocol; <see cref="NewStreamAsync(PeerId, string, StreamClass, CancellationToken)"/> opens a stream
/// to a peer, dialling it if need be; <see cref="Peers"/> says what is known of peers and takes addresses found elsewhere (DHT, directory); <see cref="ConnectionOpened"/>,
/// <see cref="PeerIdentified"/> and <see cref="ConnectionClosed"/> tell of changes; <see cref="AdoptAsync"/> makes any duplex stream a connection (relayed circuits, WebSockets of
/// an HTTP server). A relay adds its own <see cref="ITransport"/> with <see cref="AddTransport"/>.</para>
/// <para>Identify and Ping are served by the host itself. A DHT node starts to serve its protocol when it becomes a server, and stops with <see cref="Unhandle"/>: connected peers are told.</para>
/// </remarks>
public sealed class P2PHost : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly P2PHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ConnectionUpgrader _upgrader;
    private readonly InboundGate _inbound;
    private readonly Dialer _dialer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, ProtocolRegistration> _protocols = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<PeerId, byte> _protected = new();
    private readonly List<ITransportListener> _listeners = [];
    private readonly Lock _gate = new();

    // Guarded by the lock.
    private readonly Dictionary<PeerId, List<P2PConnection>> _connections = [];
    private readonly Dictionary<(PeerId Peer, bool Second), Task<P2PConnection>> _dials = [];
    private IReadOnlyList<ITransport> _transports;
    private IReadOnlyList<Multiaddr> _announced;
    private int _connectionCount;
    private ulong _recordSequence;
    private byte[]? _sealedRecord;

    private Task _sweep = Task.CompletedTask;
    private readonly RunningWork _running = new();
    private int _started;
    private int _disposed;

    /// <summary>Creates a host; nothing happens before <see cref="StartAsync"/>.</summary>
    /// <param name="options">What it is.</param>
    /// <param name="transports">Ways to dial and listen.</param>
    /// <param name="time">Clock.</param>
    public P2PHost(P2PHostOptions options, IReadOnlyList<ITransport> transports, TimeProvider time)
    {
        _options = options;
        _transports = [.. transports];
        _announced = options.Announce;
        _time = time;
        _upgrader = new ConnectionUpgrader(options, time);
        _inbound = new InboundGate(options.Limits);
        _dialer = new Dialer(options.Limits, time);
        Peers = new PeerStore(options.Limits);
        _recordSequence = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();
        Handle(IdentifyProtocol.Id, StreamClass.Control, AnswerIdentifyAsync, IdentifyProtocol.MaxStreams);
        Handle(IdentifyProtocol.PushId, StreamClass.Control, TakePushAsync, IdentifyProtocol.MaxStreams);
        Handle(PingProtocol.Id, StreamClass.Control, (stream, token) => PingProtocol.AnswerAsync(stream, _time, token), PingProtocol.MaxStreams);
    }

    /// <summary>A connection is ready. Raised on the thread that made it; must not block.</summary>
    public event EventHandler<P2PConnectionEventArgs>? ConnectionOpened;

    /// <summary>A connection has ended.</summary>
    public event EventHandler<P2PConnectionEventArgs>? ConnectionClosed;

    /// <summary>A peer has said what it speaks and where it listens, at first or anew: <see cref="Peers"/> knows it.</summary>
    public event EventHandler<P2PConnectionEventArgs>? PeerIdentified;

    /// <summary>A handler failed with something else than a lost connection or stream: whoever runs the host logs it. Raised on the handler's thread.</summary>
    public event EventHandler<HandlerFailedEventArgs>? HandlerFailed;

    /// <summary>Who this is.</summary>
    public PeerId Id => _options.Key.PeerId;

    /// <summary>The key that it signs with.</summary>
    public PeerKey Key => _options.Key;

    /// <summary>What is known of other peers.</summary>
    public PeerStore Peers { get; }

    /// <summary>Where it listens, and what it announces besides; without the peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses
    {
        get
        {
            lock (_gate)
            {
                return [.. _listeners.SelectMany(listener => listener.Addresses).Concat(_announced).Distinct()];
            }
        }
    }

    /// <summary>Protocols served here.</summary>
    public IReadOnlyList<string> Protocols => [.. _protocols.Keys.Order(StringComparer.Ordinal)];

    /// <summary>All connections.</summary>
    public IReadOnlyList<P2PConnection> Connections
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections.Values.SelectMany(list => list)];
            }
        }
    }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.DialFailed"/>: an address cannot be listened on; the message says which. Dispose the host then.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
        {
            throw new InvalidOperationException("The host was started before.");
        }

        foreach (var address in _options.Listen)
        {
            var transport = _transports.FirstOrDefault(transport => transport.CanListen(address))
                ?? throw new P2PException(P2PError.NoAddress, $"No transport listens on {address}; one looks like /ip4/0.0.0.0/tcp/4001.");
            var listener = await transport.ListenAsync(address, OnRawConnection, cancellationToken);
            lock (_gate)
            {
                _listeners.Add(listener);
            }
        }

        _sweep = SweepAsync();
    }

    /// <summary>Adds a way to dial: of a relay, say.</summary>
    public void AddTransport(ITransport transport)
    {
        lock (_gate)
        {
            _transports = [.. _transports, transport];
        }
    }

    /// <summary>Sets the addresses that are announced besides those listened on, and tells connected peers if that changes anything.</summary>
    public void Announce(IReadOnlyList<Multiaddr> addresses)
    {
        lock (_gate)
        {
            if (_announced.SequenceEqual(addresses))
            {
                return;
            }

            _announced = [.. addresses];
            _sealedRecord = null;
        }

        PushIdentify();
    }

    /// <summary>Serves a protocol from now on, and tells connected peers.</summary>
    /// <param name="protocol">Its id.</param>
    /// <param name="streamClass">What its streams carry.</param>
    /// <param name="handler">Serves each stream.</param>
    /// <param name="maxStreams">Streams that one connection may hold at once; further ones are reset.</param>
    /// <exception cref="InvalidOperationException">It is served already.</exception>
    public void Handle(string protocol, StreamClass streamClass, P2PStreamHandler handler, int maxStreams = 32)
    {
        if (!_protocols.TryAdd(protocol, new ProtocolRegistration(protocol, streamClass, maxStreams, handler)))
        {
            throw new InvalidOperationException($"{protocol} is served already.");
        }

        PushIdentify();
    }

    /// <summary>Serves a protocol no longer, and tells connected peers. Streams under way go on.</summary>
    public void Unhandle(string protocol)
    {
        if (_protocols.TryRemove(protocol, out _))
        {
            PushIdentify();
        }
    }

    /// <summary>Connections with one peer.</summary>
    public IReadOnlyList<P2PConnection> ConnectionsWith(PeerId peer)
    {
        lock (_gate)
        {
            return _connections.TryGetValue(peer, out var list) ? [.. list] : [];
        }
    }

    /// <summary>Keeps connections with a peer, however idle.</summary>
    public void Protect(PeerId peer) => _protected[peer] = 0;

    /// <summary>Lets idle connections with a peer go again.</summary>
    public void Unprotect(PeerId peer) => _protected.TryRemove(peer, out _);

    /// <summary>Connects to a peer, unless a connection is there. Callers at the same time share one dial.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.NoAddress"/>, <see cref="P2PError.DialFailed"/>, <see cref="P2PError.WrongPeer"/>, <see cref="P2PError.TimedOut"/>.</exception>
    public Task<P2PConnection> ConnectAsync(PeerId peer, CancellationToken cancellationToken) => GetConnectionAsync(peer, StreamClass.Control, cancellationToken);

    /// <summary>Connects to an address, and remembers it. Without a peer id in it, whoever answers is taken.</summary>
    /// <exception cref="P2PException">As the other overload.</exception>
    public async Task<P2PConnection> ConnectAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        if (address.PeerId is not { } peer)
        {
            return await DialAsync(null, [address], cancellationToken);
        }

        Peers.AddAddresses(peer, address);
        return await ConnectAsync(peer, cancellationToken);
    }

    /// <summary>Opens a stream to a peer, dialling it if need be. Over a connection that is there it costs no round trip: see <see cref="P2PStream"/>.</summary>
    /// <param name="peer">Whom.</param>
    /// <param name="protocol">What to speak.</param>
    /// <param name="streamClass">What it will carry. Bulk streams and urgent ones to a peer each take a connection of their own.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException">As <see cref="ConnectAsync(PeerId, CancellationToken)"/>; <see cref="P2PError.ProtocolNotSupported"/> if the peer has said that it does not speak the protocol.</exception>
    public async ValueTask<P2PStream> NewStreamAsync(PeerId peer, string protocol, StreamClass streamClass, CancellationToken cancellationToken)
    {
        for (var again = false; ; again = true)
        {
            var connection = await GetConnectionAsync(peer, streamClass, cancellationToken);
            if (Peers.Find(peer)?.Protocols is { } spoken && !spoken.Contains(protocol, StringComparer.Ordinal))
            {
                throw new P2PException(P2PError.ProtocolNotSupported, $"{peer} does not speak {protocol}.");
            }

            try
            {
                return await connection.NewStreamAsync(protocol, streamClass, cancellationToken);
            }
            catch (P2PException fault) when (fault.Error == P2PError.ConnectionClosed && !again)
            {
                // It was closed this moment: once more, over another.
                await connection.CloseAsync();
            }
        }
    }

    /// <summary>Pings a peer.</summary>
    /// <returns>The round trip.</returns>
    /// <exception cref="P2PException">As <see cref="NewStreamAsync(PeerId, string, StreamClass, CancellationToken)"/>.</exception>
    public async Task<TimeSpan> PingAsync(PeerId peer, CancellationToken cancellationToken)
    {
        await using var stream = await NewStreamAsync(peer, PingProtocol.Id, StreamClass.Control, cancellationToken);

        // The first one pays for the negotiation.
        await PingProtocol.PingAsync(stream, _time, cancellationToken);
        var roundTrip = await PingProtocol.PingAsync(stream, _time, cancellationToken);
        await stream.CloseWriteAsync();
        return roundTrip;
    }

    /// <summary>Makes a raw connection that came about elsewhere one of this host: a relayed circuit, a WebSocket of an HTTP server.</summary>
    /// <param name="raw">The connection; the host owns it from now on.</param>
    /// <param name="outbound">Whether this side plays the dialler, whoever dialled below.</param>
    /// <param name="expected">Who must be at the other end; null for anybody.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="P2PException">The handshake failed, or a limit is reached; the raw connection is closed.</exception>
    public async Task<P2PConnection> AdoptAsync(RawConnection raw, bool outbound, PeerId? expected, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.Limits.HandshakeTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken, _stopping.Token);
        try
        {
            var connection = await _upgrader.UpgradeAsync(raw, outbound, expected, OnStream, bound.Token);
            await RegisterAsync(connection);
            return connection;
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"The handshake with {raw.Remote} took longer than {_options.Limits.HandshakeTimeout.TotalSeconds:0.#} s.", fault);
        }
    }

    /// <summary>This host's addresses, sealed.</summary>
    public ReadOnlyMemory<byte> SealedRecord()
    {
        lock (_gate)
        {
            if (_sealedRecord is null)
            {
                var addresses = _listeners.SelectMany(listener => listener.Addresses).Concat(_announced).Distinct().Take(IdentifyMessage.MaxAddresses).ToList();
                _sealedRecord = new PeerRecord(Id, ++_recordSequence, addresses).Seal(Key).Encode();
            }

            return _sealedRecord;
        }
    }

    /// <summary>Stops listening, closes all connections, and waits for handlers.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        await Task.WhenAll(Connections.Select(connection => connection.CloseAsync().AsTask()));
        await _sweep;
        await Task.WhenAny(_running.WhenIdle(), Task.Delay(StopTimeout, TimeProvider.System, CancellationToken.None));
        _dialer.Dispose();
    }

    private async Task<P2PConnection> GetConnectionAsync(PeerId peer, StreamClass streamClass, CancellationToken cancellationToken)
    {
        if (peer == Id)
        {
            throw new P2PException(P2PError.DialFailed, "A host does not dial itself.");
        }

        // At most three looks: none is there, the one that is there carries the other class, a fresh one is there.
        for (var look = 0; ; look++)
        {
            Task<P2PConnection> dial;
            P2PConnection? spare;
            lock (_gate)
            {
                spare = Choose(peer, streamClass, out var wantsSecond);
                if (spare is not null && (!wantsSecond || look == 2))
                {
                    // Under the lock: a stream of the other class that is opened at the same moment must see it.
                    spare.Mark(streamClass);
                    return spare;
                }

                if (!_dials.TryGetValue((peer, wantsSecond), out dial!))
                {
                    dial = DialAndForgetAsync(peer, wantsSecond);
                    if (!dial.IsCompleted)
                    {
                        _dials[(peer, wantsSecond)] = dial;
                    }
                }
            }

            try
            {
                var fresh = await dial.WaitAsync(cancellationToken);
                if (look == 2)
                {
                    fresh.Mark(streamClass);
                    return fresh;
                }
            }
            catch (P2PException) when (spare is not null)
            {
                // A second connection is a luxury.
                spare.Mark(streamClass);
                return spare;
            }
        }
    }

    // Under the lock. The best connection for the class, and whether one of its own is wanted instead.
    private P2PConnection? Choose(PeerId peer, StreamClass streamClass, out bool wantsSecond)
    {
        wantsSecond = false;
        if (!_connections.TryGetValue(peer, out var list) || list.Count == 0)
        {
            return null;
        }

        var usable = list.Where(connection => !connection.Closed.IsCompleted).OrderBy(connection => connection.IsRelayed).ToList();
        if (usable.Count == 0)
        {
            return null;
        }

        var own = streamClass == StreamClass.Bulk
            ? usable.Find(connection => connection.CarriesBulk && !connection.CarriesDecode) ?? usable.Find(connection => !connection.CarriesDecode)
            : usable.Find(connection => !connection.CarriesBulk);
        wantsSecond = own is null && streamClass != StreamClass.Control && _options.SeparateBulk && list.Count < _options.Limits.MaxConnectionsPerPeer && !usable[0].IsRelayed;
        return own ?? usable[0];
    }

    private async Task<P2PConnection> DialAndForgetAsync(PeerId peer, bool second)
    {
        // Off the lock that the caller holds.
        await Task.Yield();
        try
        {
            var addresses = Peers.Find(peer)?.Addresses ?? [];
            if (second)
            {
                addresses = [.. addresses.Where(address => !address.IsRelayed)];
            }

            return await DialAsync(peer, addresses, _stopping.Token);
        }
        finally
        {
            lock (_gate)
            {
                _dials.Remove((peer, second));
            }
        }
    }

    private async Task<P2PConnection> DialAsync(PeerId? peer, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        IReadOnlyList<ITransport> transports;
        lock (_gate)
        {
            transports = _transports;
        }

        var connection = await _dialer.DialAsync(peer, addresses, transports, (raw, token) => _upgrader.UpgradeAsync(raw, outbound: true, peer, OnStream, token), cancellationToken);
        Peers.Confirm(connection.Peer, connection.Remote);
        await RegisterAsync(connection);
        return connection;
    }

    private void OnRawConnection(RawConnection raw)
    {
        if (!_inbound.TryStartHandshake(raw.RemoteIp))
        {
            raw.Stream.Dispose();
            return;
        }

        _ = AcceptAsync(raw);
    }

    private async Task AcceptAsync(RawConnection raw)
    {
        _running.Enter();
        try
        {
            await AdoptAsync(raw, outbound: false, null, CancellationToken.None);
        }
        catch (Exception fault) when (fault is P2PException or OperationCanceledException)
        {
            // A stranger that could not say who it is: closed by the upgrader.
        }
        finally
        {
            _inbound.EndHandshake(raw.RemoteIp);
            _running.Leave();
        }
    }

    private async Task RegisterAsync(P2PConnection connection)
    {
        P2PException? refusal = null;
        P2PConnection? evicted = null;
        lock (_gate)
        {
            var list = _connections.GetValueOrDefault(connection.Peer) ?? [];
            if (connection.Peer == Id)
            {
                refusal = new P2PException(P2PError.WrongPeer, "The other end is this host itself.");
            }
            else if (_stopping.IsCancellationRequested)
            {
                refusal = new P2PException(P2PError.ConnectionClosed, "The host is stopping.");
            }
            else if (list.Count >= _options.Limits.MaxConnectionsPerPeer)
            {
                refusal = new P2PException(P2PError.LimitReached, $"{list.Count} connections with {connection.Peer} are open already.");
            }
            else if (_connectionCount >= _options.Limits.MaxConnections)
            {
                // The one idle for longest makes room.
                evicted = _connections.Values.SelectMany(all => all).Where(idle => idle.StreamCount == 0 && !_protected.ContainsKey(idle.Peer)).MaxBy(idle => idle.IdleFor);
                refusal = evicted is null ? new P2PException(P2PError.LimitReached, $"{_connectionCount} connections are open, none of them idle.") : null;
            }

            if (evicted is not null)
            {
                Forget(evicted);
            }

            if (refusal is null)
            {
                list.Add(connection);
                _connections[connection.Peer] = list;
                _connectionCount++;
            }
        }

        if (refusal is not null)
        {
            await connection.CloseAsync();
            throw refusal;
        }

        if (!connection.IsOutbound)
        {
            _inbound.Opened(connection.RemoteIp);
        }

        connection.Muxer.Start();
        _ = WatchAsync(connection);
        ConnectionOpened?.Invoke(this, new P2PConnectionEventArgs(connection));
        _ = IdentifyAsync(connection);
        if (evicted is not null)
        {
            await evicted.CloseAsync();
        }
    }

    private async Task WatchAsync(P2PConnection connection)
    {
        await connection.Closed;
        lock (_gate)
        {
            Forget(connection);
        }

        if (!connection.IsOutbound)
        {
            _inbound.Closed(connection.RemoteIp);
        }

        ConnectionClosed?.Invoke(this, new P2PConnectionEventArgs(connection));
        await connection.CloseAsync();
    }

    // Under the lock.
    private void Forget(P2PConnection connection)
    {
        if (_connections.TryGetValue(connection.Peer, out var list) && list.Remove(connection))
        {
            _connectionCount--;
            if (list.Count == 0)
            {
                _connections.Remove(connection.Peer);
            }
        }
    }

    private void OnStream(P2PConnection connection, YamuxStream stream) => _ = ServeAsync(connection, stream);

    private async Task ServeAsync(P2PConnection connection, YamuxStream inner)
    {
        _running.Enter();
        ProtocolRegistration? registration = null;
        var placed = false;
        try
        {
            registration = await AgreeAsync(inner);
            placed = registration is not null && connection.TryTakePlace(registration.Protocol, registration.MaxStreams);
            if (registration is null || !placed)
            {
                inner.Reset();
                return;
            }

            inner.Class = registration.Class;
            connection.Mark(registration.Class);
            await using var stream = new P2PStream(connection, inner, registration.Protocol, optimistic: false);
            await registration.Handler(stream, _stopping.Token);
            await stream.CloseWriteAsync();
        }
        catch (Exception fault)
        {
            // Whatever a handler meets ends its own stream and nothing else.
            inner.Reset();
            if (registration is not null && fault is not (P2PException or IOException or OperationCanceledException or ObjectDisposedException))
            {
                HandlerFailed?.Invoke(this, new HandlerFailedEventArgs(connection.Peer, registration.Protocol, fault));
            }
        }
        finally
        {
            if (placed)
            {
                connection.GiveBackPlace(registration!.Protocol);
            }

            _running.Leave();
        }
    }

    private async Task<ProtocolRegistration?> AgreeAsync(YamuxStream stream)
    {
        using var timeout = new CancellationTokenSource(_options.Limits.NegotiationTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
        return await MultistreamSelect.AnswerAsync(stream, _protocols.ContainsKey, () => _protocols.Keys, bound.Token) is { } agreed ? _protocols.GetValueOrDefault(agreed) : null;
    }

    private async Task SweepAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(SweepInterval, _time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var idle in Connections.Where(connection => connection.IdleFor >= _options.Limits.IdleTimeout && !_protected.ContainsKey(connection.Peer)))
                {
                    await idle.CloseAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private IdentifyMessage Describe(P2PConnection connection) => new()
    {
        PublicKey = Key.PublicKey,
        ListenAddresses = [.. Addresses.Take(IdentifyMessage.MaxAddresses)],
        Protocols = Protocols,
        ObservedAddress = connection.Remote,
        ProtocolVersion = _options.ProtocolVersion,
        AgentVersion = _options.AgentVersion,
        SignedPeerRecord = SealedRecord(),
    };

    private async Task AnswerIdentifyAsync(P2PStream stream, CancellationToken cancellationToken)
        => await WriteIdentifyAsync(stream, cancellationToken);

    private async Task WriteIdentifyAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var message = Describe(stream.Connection).Write();
        if (message.Written.Length > IdentifyMessage.MaxSent)
        {
            // Two messages that the reader merges: the sealed record is the large part.
            var plain = Describe(stream.Connection) with { SignedPeerRecord = null };
            await DelimitedMessages.WriteAsync(stream, plain.Write(), cancellationToken);
            message = new IdentifyMessage { SignedPeerRecord = SealedRecord() }.Write();
        }

        await DelimitedMessages.WriteAsync(stream, message, cancellationToken);
    }

    private async Task TakePushAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(IdentifyProtocol.Timeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Learn(stream.Connection, await IdentifyProtocol.ReadAsync(stream, bound.Token));
    }

    private async Task IdentifyAsync(P2PConnection connection)
    {
        _running.Enter();
        try
        {
            using var timeout = new CancellationTokenSource(IdentifyProtocol.Timeout, _time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            await using var stream = await connection.NewStreamAsync(IdentifyProtocol.Id, StreamClass.Control, bound.Token);
            await stream.CloseWriteAsync();
            Learn(connection, await IdentifyProtocol.ReadAsync(stream, bound.Token));
        }
        catch (Exception fault) when (fault is P2PException or IOException or OperationCanceledException)
        {
            // A peer that does not say what it is can still be spoken to.
        }
        finally
        {
            _running.Leave();
        }
    }

    private void Learn(P2PConnection connection, IdentifyMessage message)
    {
        if (message.PublicKey is { } key && !key.Equals(connection.RemoteKey))
        {
            throw new P2PException(P2PError.WrongPeer, $"{connection.Peer} identified itself with the key of {key.PeerId}.");
        }

        // js-libp2p puts our peer id behind the address.
        connection.ObservedAddress = message.ObservedAddress?.WithoutPeerId() ?? connection.ObservedAddress;
        Peers.Learn(connection.Peer, message);
        PeerIdentified?.Invoke(this, new P2PConnectionEventArgs(connection));
    }

    // Tells every connected peer what has changed; the newest word is what each call sends.
    private void PushIdentify()
    {
        if (Volatile.Read(ref _started) == 0)
        {
            return;
        }

        foreach (var connection in Connections.DistinctBy(connection => connection.Peer))
        {
            if (Peers.Find(connection.Peer)?.Protocols?.Contains(IdentifyProtocol.PushId, StringComparer.Ordinal) == true)
            {
                _ = PushAsync(connection);
            }
        }
    }

    private async Task PushAsync(P2PConnection connection)
    {
        _running.Enter();
        try
        {
            using var timeout = new CancellationTokenSource(IdentifyProtocol.Timeout, _time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopping.Token);
            await using var stream = await connection.NewStreamAsync(IdentifyProtocol.PushId, StreamClass.Control, bound.Token);
            await WriteIdentifyAsync(stream, bound.Token);
            await stream.CloseWriteAsync();
        }
        catch (Exception fault) when (fault is P2PException or IOException or OperationCanceledException)
        {
            // The peer asks again at its next connection.
        }
        finally
        {
            _running.Leave();
        }
    }
}
