using System.Collections.Concurrent;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Relay;

/// <summary>Carries connections between peers that cannot reach each other (libp2p/specs, relay/circuit-v2). Thread-safe.</summary>
/// <remarks>
/// It never dials: a circuit leads only to a peer that is connected and has asked for a place. What runs through it is encrypted end to end. Nothing is
/// served to whoever comes through another relay.
/// </remarks>
public sealed class RelayServer : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(15);

    private readonly P2PHost _host;
    private readonly RelayServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ReservationTable _reservations;
    private readonly Introductions _introductions;
    private readonly ConcurrentDictionary<Circuit, byte> _circuits = new();
    private readonly CircuitPlaces _places;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _sweep;
    private int _disposed;

    /// <summary>Begins to serve; connected peers are told.</summary>
    public RelayServer(P2PHost host, RelayServerOptions options, TimeProvider time)
    {
        _host = host;
        _options = options;
        _time = time;
        _reservations = new ReservationTable(options, time);
        _introductions = new Introductions(host, time);
        _places = new CircuitPlaces(options, time);
        host.ConnectionClosed += OnConnectionClosed;
        host.Handle(RelayProtocol.HopId, StreamClass.Decode, ServeAsync, options.MaxCircuitsPerPeer + 4);
        _sweep = SweepAsync();
    }

    /// <summary>Peers with a place now.</summary>
    public int ReservationCount => _reservations.Count;

    /// <summary>Circuits open now.</summary>
    public int CircuitCount => _circuits.Count;

    /// <summary>Stops serving and cuts all circuits.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _host.Unhandle(RelayProtocol.HopId);
        _host.ConnectionClosed -= OnConnectionClosed;
        _introductions.Dispose();
        await _stopping.CancelAsync();
        foreach (var circuit in _circuits.Keys)
        {
            circuit.Cut();
        }

        await _sweep;
        _stopping.Dispose();
    }

    private async Task ServeAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        stream.BecomeTunnel();
        HopMessage? request;
        using (var timeout = new CancellationTokenSource(_options.RequestTimeout, _time))
        using (var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken))
        {
            request = await RelayProtocol.ReadHopAsync(stream, bound.Token);
        }

        switch (request)
        {
            case null:
                await AnswerAsync(stream, RelayStatus.MalformedMessage, cancellationToken);
                break;
            case { Type: HopMessageType.Reserve }:
                await ReserveAsync(stream, cancellationToken);
                break;
            case { Type: HopMessageType.Connect, Peer: { } target }:
                await ConnectAsync(stream, target, cancellationToken);
                break;
            case { Type: HopMessageType.Connect }:
                await AnswerAsync(stream, RelayStatus.MalformedMessage, cancellationToken);
                break;
            default:
                await AnswerAsync(stream, RelayStatus.UnexpectedMessage, cancellationToken);
                break;
        }
    }

    private async Task ReserveAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var level = stream.Connection.IsRelayed ? RelayClass.Refused : await ClassOfAsync(stream, cancellationToken);
        if (level == RelayClass.Refused)
        {
            await AnswerAsync(stream, RelayStatus.PermissionDenied, cancellationToken);
            return;
        }

        if (!_reservations.TryReserve(stream.Peer, stream.Connection.RemoteIp, out var expires))
        {
            await AnswerAsync(stream, RelayStatus.ReservationRefused, cancellationToken);
            return;
        }

        // Kept however idle, so that callers find it.
        _host.Protect(stream.Peer);
        if (stream.Connection.Closed.IsCompleted)
        {
            Release(stream.Peer);
            return;
        }

        var addresses = _host.Addresses.Where(address => !address.IsRelayed && (_options.TellPrivateAddresses || IpScope.IsPublic(address)));
        var answer = new HopMessage
        {
            Type = HopMessageType.Status,
            Status = RelayStatus.Ok,
            Reservation = new RelayReservation(
                expires,
                [.. addresses.Take(8).Select(address => address.WithPeerId(_host.Id))],
                new ReservationVoucher(_host.Id, stream.Peer, expires).Seal(_host.Key).Encode()),
            Limit = LimitOf(level),
        };
        await DelimitedMessages.WriteAsync(stream, answer.Write(), cancellationToken);
    }

    private async Task ConnectAsync(P2PStream source, PeerId target, CancellationToken cancellationToken)
    {
        var level = source.Connection.IsRelayed || source.Peer == target ? RelayClass.Refused : Lower(await ClassOfAsync(source, cancellationToken), _options.ClassOf(target));
        if (level == RelayClass.Refused)
        {
            await AnswerAsync(source, RelayStatus.PermissionDenied, cancellationToken);
            return;
        }

        var connection = _reservations.Holds(target) ? _host.ConnectionsWith(target).FirstOrDefault(candidate => !candidate.IsRelayed && !candidate.Closed.IsCompleted) : null;
        if (connection is null)
        {
            await AnswerAsync(source, RelayStatus.NoReservation, cancellationToken);
            return;
        }

        if (!_places.TryTake(source.Peer, source.Connection.RemoteIp, target, out var sourceShare, out var targetShare))
        {
            await AnswerAsync(source, RelayStatus.ResourceLimitExceeded, cancellationToken);
            return;
        }

        try
        {
            var limit = LimitOf(level);
            await using var far = await CallAsync(connection, source.Peer, limit, cancellationToken);
            if (far is null)
            {
                await AnswerAsync(source, RelayStatus.ConnectionFailed, cancellationToken);
                return;
            }

            await DelimitedMessages.WriteAsync(source, new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.Ok, Limit = limit }.Write(), cancellationToken);
            var circuit = new Circuit(source, far, limit, sourceShare, targetShare, _time, cancellationToken);
            _circuits[circuit] = 0;
            try
            {
                if (_stopping.IsCancellationRequested)
                {
                    circuit.Cut();
                }

                await circuit.RunAsync();
            }
            finally
            {
                _circuits.TryRemove(circuit, out _);
            }
        }
        finally
        {
            _places.GiveBack(source.Peer, source.Connection.RemoteIp, target);
        }
    }

    // Who asks as soon as it is connected has not said yet what it is, and would be served as a stranger for as long as the circuit lasts.
    private async Task<RelayClass> ClassOfAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        var level = _options.ClassOf(stream.Peer);
        if (level != RelayClass.Signal)
        {
            return level;
        }

        await _introductions.WaitAsync(stream.Connection, cancellationToken);
        return _options.ClassOf(stream.Peer);
    }

    // Brings the circuit to the called peer; null if it does not take it.
    private async Task<P2PStream?> CallAsync(P2PConnection connection, PeerId caller, RelayLimit? limit, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        P2PStream? stream = null;
        try
        {
            stream = await connection.NewStreamAsync(RelayProtocol.StopId, StreamClass.Decode, bound.Token);
            stream.BecomeTunnel();
            await DelimitedMessages.WriteAsync(stream, new StopMessage { Type = StopMessageType.Connect, Peer = caller, Limit = limit }.Write(), bound.Token);
            if (await RelayProtocol.ReadStopAsync(stream, bound.Token) is { Type: StopMessageType.Status, Status: RelayStatus.Ok })
            {
                return stream;
            }
        }
        catch (Exception fault) when (fault is P2PException or IOException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is gone, or silent, or speaks no stop protocol.
        }

        if (stream is not null)
        {
            await stream.DisposeAsync();
        }

        return null;
    }

    private static ValueTask AnswerAsync(P2PStream stream, RelayStatus status, CancellationToken cancellationToken)
        => DelimitedMessages.WriteAsync(stream, new HopMessage { Type = HopMessageType.Status, Status = status }.Write(), cancellationToken);

    private static RelayClass Lower(RelayClass one, RelayClass other) => one < other ? one : other;

    private RelayLimit? LimitOf(RelayClass level) => level == RelayClass.Signal ? _options.SignalLimit : _options.SwarmLimit;

    private void OnConnectionClosed(object? sender, P2PConnectionEventArgs e)
    {
        if (!_host.ConnectionsWith(e.Connection.Peer).Any(connection => !connection.IsRelayed))
        {
            Release(e.Connection.Peer);
        }
    }

    private void Release(PeerId peer)
    {
        if (_reservations.Release(peer))
        {
            _host.Unprotect(peer);
        }
    }

    private async Task SweepAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(SweepInterval, _time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var peer in _reservations.ReleaseExpired())
                {
                    _host.Unprotect(peer);
                }

                foreach (var circuit in _circuits.Keys.Where(circuit => circuit.IdleFor > _options.IdleTimeout))
                {
                    circuit.Cut();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The relay stops.
        }
    }
}
