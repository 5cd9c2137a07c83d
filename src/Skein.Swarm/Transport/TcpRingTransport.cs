using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Transport;

/// <summary>One TCP connection a stream, for loopback and trusted networks: no encryption, no identities. Thread-safe.</summary>
/// <remarks>Register handlers, then call <see cref="Start"/>.</remarks>
public sealed class TcpRingTransport : IRingTransport
{
    // Waiting out a lack of file handles; accepting in a tight loop would only burn the processor.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly TcpRingTransportOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, RingStreamHandler> _handlers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly LinkedList<Socket> _pending = [];
    private readonly Dictionary<IPAddress, int> _streamsByAddress = [];
    private readonly HashSet<Task> _tasks = [];
    private int _streams;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private bool _disposed;

    /// <summary>Creates a transport that does not listen yet.</summary>
    public TcpRingTransport(TcpRingTransportOptions options, TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxPendingHandshakes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxStreams, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxStreamsPerAddress, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.HandshakeBound, TimeSpan.Zero);
        _options = options;
        _time = time ?? TimeProvider.System;
        _logger = logger ?? NullLogger.Instance;
    }

    /// <summary>Where it listens; null before <see cref="Start"/> and when it only dials.</summary>
    public IPEndPoint? LocalEndPoint { get; private set; }

    /// <summary>Streams being served at the moment.</summary>
    public int ServedStreams
    {
        get
        {
            lock (_lock)
            {
                return _streams;
            }
        }
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SwarmException"><see cref="SwarmError.ConnectFailed"/>: the address is taken or not ours.</exception>
    public void Start()
    {
        if (_options.Listen is not { } endpoint || _listener is not null)
        {
            return;
        }

        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(endpoint);
            listener.Listen(backlog: 512);
        }
        catch (SocketException failure)
        {
            listener.Dispose();
            throw new SwarmException(SwarmError.ConnectFailed, $"Cannot listen on {endpoint} ({failure.SocketErrorCode}): choose another address or port.", null, failure);
        }

        _listener = listener;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = AcceptAsync(listener);
    }

    /// <inheritdoc/>
    public void Handle(string protocol, RingStreamHandler handler)
    {
        if (!_handlers.TryAdd(protocol, handler))
        {
            throw new InvalidOperationException($"{protocol} is served already.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(PeerAddress peer, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken)
    {
        SwarmException? last = null;
        foreach (var address in peer.Addresses)
        {
            try
            {
                if (!TcpEndPoints.TryParse(address, out var endpoint))
                {
                    throw new SwarmException(SwarmError.ConnectFailed, $"'{address}' is no TCP address.");
                }

                return await DialAsync(peer, endpoint, protocol, trafficClass, cancellationToken);
            }
            catch (SwarmException failure)
            {
                last = failure;
            }
        }

        throw last ?? new SwarmException(SwarmError.ConnectFailed, $"No address of {peer} is known.");
    }

    /// <summary>Stops listening, closes every inbound stream and waits for its handler.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        await _stop.CancelAsync();
        _listener?.Dispose();
        await _accepting;
        Task[] tasks;
        lock (_lock)
        {
            foreach (var socket in _pending)
            {
                socket.Dispose();
            }

            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks);
        _stop.Dispose();
    }

    private static Socket NewSocket(AddressFamily? family = null)
    {
        var socket = family is { } known ? new Socket(known, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        return socket;
    }

    private static async ValueTask<Stream> DialAsync(PeerAddress peer, EndPoint endpoint, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken)
    {
        var socket = NewSocket(endpoint is IPEndPoint ip ? ip.AddressFamily : null);
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await stream.WriteAsync(new TcpPreamble(protocol, trafficClass).ToBytes(), cancellationToken);
            var answer = new byte[1];
            if (await stream.ReadAsync(answer, cancellationToken) == 0)
            {
                throw new SwarmException(SwarmError.ConnectFailed, $"{peer} closed the connection before it answered: is a Skein node there?");
            }

            return (TcpAnswer)answer[0] switch
            {
                TcpAnswer.Accepted => stream,
                TcpAnswer.UnknownProtocol => throw new SwarmException(SwarmError.UnsupportedProtocol, $"{peer} does not serve {protocol}."),
                TcpAnswer.Busy => throw new SwarmException(SwarmError.LimitReached, $"{peer} serves as many streams as it may; try again later.", TimeSpan.FromSeconds(2)),
                _ => throw new SwarmException(SwarmError.UnsupportedProtocol, $"What listens at {peer} is no Skein node, or of another version."),
            };
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new SwarmException(SwarmError.ConnectFailed, $"{peer} does not answer ({failure.SocketErrorCode}).", null, failure);
        }
        catch (IOException failure)
        {
            socket.Dispose();
            throw new SwarmException(SwarmError.ConnectFailed, $"{peer} broke the connection while it was made.", null, failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>What one home or host counts as: an IPv4 address, or an IPv6 network of 64 bits.</summary>
    private static IPAddress GroupOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private async Task AcceptAsync(Socket listener)
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stop.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                TransportLog.AcceptFailed(_logger, failure.SocketErrorCode.ToString());
                try
                {
                    await Task.Delay(AcceptPause, _time, _stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                continue;
            }

            Track(ServeAsync(socket, AddPending(socket)));
        }
    }

    private LinkedListNode<Socket> AddPending(Socket socket)
    {
        lock (_lock)
        {
            if (_pending.Count >= _options.MaxPendingHandshakes)
            {
                _pending.First!.Value.Dispose();
                _pending.RemoveFirst();
            }

            return _pending.AddLast(socket);
        }
    }

    private void Track(Task task)
    {
        lock (_lock)
        {
            _tasks.Add(task);
        }

        _ = ForgetAsync(task);

        async Task ForgetAsync(Task done)
        {
            await done;
            lock (_lock)
            {
                _tasks.Remove(done);
            }
        }
    }

    private async Task ServeAsync(Socket socket, LinkedListNode<Socket> pending)
    {
        await Task.Yield();
        var counted = false;
        IPAddress? address = null;
        try
        {
            socket.NoDelay = true;
            var remote = (IPEndPoint)socket.RemoteEndPoint!;
            address = GroupOf(remote.Address);
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            TcpPreamble? preamble;
            using (var bound = new CancellationTokenSource(_options.HandshakeBound, _time))
            using (var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _stop.Token))
            {
                preamble = await ReadPreambleAsync(stream, either.Token);
                if (preamble is null)
                {
                    return;
                }

                counted = RemovePending(pending) && TryCount(address);
                var answer = !counted ? TcpAnswer.Busy : _handlers.ContainsKey(preamble.Protocol) ? TcpAnswer.Accepted : TcpAnswer.UnknownProtocol;
                await stream.WriteAsync(new[] { (byte)answer }, either.Token);
                if (answer != TcpAnswer.Accepted)
                {
                    return;
                }
            }

            await _handlers[preamble.Protocol](new InboundStream(stream, remote.ToString(), preamble.Class), _stop.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // A stranger went away, was too slow or was dropped for a newcomer.
        }
        catch (Exception failure)
        {
            TransportLog.HandlerFailed(_logger, failure);
        }
        finally
        {
            RemovePending(pending);
            if (counted)
            {
                Uncount(address!);
            }

            socket.Dispose();
        }
    }

    private static async ValueTask<TcpPreamble?> ReadPreambleAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[TcpPreamble.HeadSize + TcpPreamble.MaxName];
        var length = 0;
        var wanted = TcpPreamble.HeadSize;
        while (length < wanted)
        {
            // Never past the preamble: what follows belongs to the protocol.
            var read = await stream.ReadAsync(buffer.AsMemory(length, wanted - length), cancellationToken);
            length += read;
            if (read == 0 || !TcpPreamble.MayBegin(buffer.AsSpan(0, length)))
            {
                return null;
            }

            if (length == TcpPreamble.HeadSize)
            {
                wanted = TcpPreamble.SizeOf(buffer);
            }
        }

        return TcpPreamble.TryRead(buffer.AsSpan(0, length), out var preamble) ? preamble : null;
    }

    private bool RemovePending(LinkedListNode<Socket> node)
    {
        lock (_lock)
        {
            if (node.List is null)
            {
                // Dropped for a newcomer, or removed before.
                return false;
            }

            _pending.Remove(node);
            return true;
        }
    }

    private bool TryCount(IPAddress address)
    {
        lock (_lock)
        {
            var mine = _streamsByAddress.GetValueOrDefault(address);
            if (_streams >= _options.MaxStreams || mine >= _options.MaxStreamsPerAddress)
            {
                return false;
            }

            _streams++;
            _streamsByAddress[address] = mine + 1;
            return true;
        }
    }

    private void Uncount(IPAddress address)
    {
        lock (_lock)
        {
            _streams--;
            if (--_streamsByAddress[address] == 0)
            {
                _streamsByAddress.Remove(address);
            }
        }
    }
}
