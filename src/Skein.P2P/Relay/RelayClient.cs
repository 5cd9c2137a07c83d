using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Relay;

/// <summary>Lets a host dial through relays, be reached through them, and keeps its places at them (libp2p/specs, relay/circuit-v2). Thread-safe.</summary>
/// <remarks>Addresses through relays are announced by the host while the places hold.</remarks>
public sealed class RelayClient : IAsyncDisposable
{
    private const string Source = "relay";

    // Of one relay: some numeric ones and a name or two.
    private const int MaxAddresses = 8;

    // Of one relay together: eight of usual length; those of four relays and everything else then stay below the 4 KiB of an Identify message.
    private const int MaxAddressBytes = 512;

    private readonly P2PHost _host;
    private readonly RelayClientOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (RelayPlace Place, Task Keeping, CancellationTokenSource End)> _relays = [];
    private int _disposed;

    /// <summary>Teaches the host to dial through relays and to take circuits.</summary>
    public RelayClient(P2PHost host, RelayClientOptions options, TimeProvider time)
    {
        _host = host;
        _options = options;
        _time = time;
        host.AddTransport(new RelayTransport(host));
        host.Handle(RelayProtocol.StopId, StreamClass.Decode, TakeCircuitAsync, options.MaxCircuitsPerRelay);
    }

    /// <summary>A place was won, lost or refused. Must not block.</summary>
    public event EventHandler<RelayPlaceEventArgs>? PlaceChanged;

    /// <summary>Where this host stands with each relay that it was told to keep.</summary>
    public IReadOnlyList<RelayPlace> Places
    {
        get
        {
            lock (_gate)
            {
                return [.. _relays.Values.Select(entry => entry.Place)];
            }
        }
    }

    /// <summary>Keeps a place at a relay from now on, winning it again whenever it is lost.</summary>
    /// <returns>False if it is kept already, or as many are as may be.</returns>
    public bool Keep(PeerId relay)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            if (_relays.ContainsKey(relay) || _relays.Count >= _options.MaxRelays)
            {
                return false;
            }

            var end = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            _host.Protect(relay);
            _relays[relay] = (new RelayPlace(relay, null, null, [], null), KeepAsync(relay, end.Token), end);
            return true;
        }
    }

    /// <summary>Lets a place run out.</summary>
    public async Task ReleaseAsync(PeerId relay)
    {
        (RelayPlace Place, Task Keeping, CancellationTokenSource End) entry;
        lock (_gate)
        {
            if (!_relays.Remove(relay, out entry))
            {
                return;
            }
        }

        await entry.End.CancelAsync();
        await entry.Keeping;
        entry.End.Dispose();
        _host.Unprotect(relay);
        Announce();
    }

    /// <summary>Asks a relay for a place, once.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.LimitReached"/>: refused; <see cref="P2PError.TimedOut"/>; <see cref="P2PError.Malformed"/>: the answer, or the voucher in it, is not what it should be; or the relay cannot be reached.</exception>
    public async Task<RelayPlace> ReserveAsync(PeerId relay, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var connection = await RelayTransport.ConnectToRelayAsync(_host, relay, null, AddressScope.Public, bound.Token);
            await using var stream = await connection.NewStreamAsync(RelayProtocol.HopId, StreamClass.Control, bound.Token);
            await DelimitedMessages.WriteAsync(stream, new HopMessage { Type = HopMessageType.Reserve }.Write(), bound.Token);
            var answer = await RelayProtocol.ReadHopAsync(stream, bound.Token);
            if (answer is not { Type: HopMessageType.Status, Status: RelayStatus.Ok, Reservation: { } reservation })
            {
                throw new P2PException(P2PError.LimitReached, $"The relay {relay} gave no place: {RelayTransport.Explain(answer)}.");
            }

            await stream.CloseWriteAsync(bound.Token);
            Check(relay, reservation);
            return new RelayPlace(relay, reservation, answer.Limit, AddressesThrough(connection, reservation), null);
        }
        catch (OperationCanceledException fault) when (timeout.IsCancellationRequested)
        {
            throw new P2PException(P2PError.TimedOut, $"The relay {relay} did not answer within {_options.RequestTimeout.TotalSeconds:0.#} s.", fault);
        }
        catch (IOException fault)
        {
            throw new P2PException(P2PError.ConnectionClosed, $"The relay {relay} was lost while it was asked for a place.", fault);
        }
    }

    /// <summary>Lets all places go.</summary>
    public async ValueTask DisposeAsync()
    {
        List<(RelayPlace Place, Task Keeping, CancellationTokenSource End)> kept;
        lock (_gate)
        {
            if (_disposed != 0)
            {
                return;
            }

            _disposed = 1;
            kept = [.. _relays.Values];
            _relays.Clear();
        }

        _host.Unhandle(RelayProtocol.StopId);
        await _stopping.CancelAsync();
        await Task.WhenAll(kept.Select(entry => entry.Keeping));
        kept.ForEach(entry => entry.End.Dispose());
        _stopping.Dispose();
    }

    private void Check(PeerId relay, RelayReservation reservation)
    {
        var now = _time.GetUtcNow();
        if (reservation.Expires <= now)
        {
            throw new P2PException(P2PError.Malformed, $"The relay {relay} gave a place until {reservation.Expires:u}, which is over: its clock or this machine's is wrong.");
        }

        if (!reservation.Voucher.IsEmpty
            && (!ReservationVoucher.TryOpen(reservation.Voucher.Span, out var voucher) || voucher.Relay != relay || voucher.Peer != _host.Id || voucher.Expires <= now))
        {
            throw new P2PException(P2PError.Malformed, $"The voucher of the relay {relay} is not one of it for us, or has run out.");
        }
    }

    // By the address that led to the relay, and by what it says of itself. Bounded, because all of it goes into every Identify of this host, which a relay
    // must not make too long for anybody to read.
    private static IReadOnlyList<Multiaddr> AddressesThrough(P2PConnection connection, RelayReservation reservation)
    {
        var own = connection.IsOutbound ? [connection.Remote] : Array.Empty<Multiaddr>();
        var told = reservation.Addresses.Where(address => !address.IsRelayed && (address.PeerId is null || address.PeerId == connection.Peer));
        var through = new List<Multiaddr>();
        var left = MaxAddressBytes;
        foreach (var address in own.Concat(told).Select(address => address.WithoutPeerId()).Distinct())
        {
            // The relay's id goes behind it, and an address may be as long as an address can be.
            var length = address.Bytes.Length + connection.Peer.Bytes.Length + 8;
            if (length <= left && through.Count < MaxAddresses)
            {
                left -= length;
                through.Add(CircuitAddress.Through(address, connection.Peer));
            }
        }

        return through;
    }

    private async Task KeepAsync(PeerId relay, CancellationToken cancellationToken)
    {
        // Off the lock of whoever keeps.
        await Task.Yield();
        var patience = new RelayPatience(_options);
        try
        {
            while (true)
            {
                try
                {
                    var place = await ReserveAsync(relay, cancellationToken);
                    Set(place);
                    var won = _time.GetTimestamp();
                    var isDue = await HoldAsync(relay, place.Reservation!, cancellationToken);
                    patience.Held(_time.GetElapsedTime(won));
                    if (isDue)
                    {
                        continue;
                    }
                }
                catch (P2PException fault)
                {
                    Set(new RelayPlace(relay, null, null, [], fault.Message));
                }

                await Task.Delay(patience.Next(), _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Released.
        }
    }

    // Until the place must be renewed (true), or its connection is gone and with it the place (false).
    private async Task<bool> HoldAsync(PeerId relay, RelayReservation reservation, CancellationToken cancellationToken)
    {
        var renewal = (reservation.Expires - _time.GetUtcNow()) * _options.RenewAt;
        renewal = renewal > _options.MostRenewal ? _options.MostRenewal : renewal < _options.LeastRenewal ? _options.LeastRenewal : renewal;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var due = Task.Delay(renewal, _time, end.Token);
        bool isDue;
        try
        {
            while (!due.IsCompleted && _host.ConnectionsWith(relay).FirstOrDefault(connection => !connection.IsRelayed && !connection.Closed.IsCompleted) is { } connection)
            {
                await Task.WhenAny(due, connection.Closed);
            }

            isDue = due.IsCompleted;
            if (!isDue)
            {
                Set(new RelayPlace(relay, null, null, [], "The connection with the relay was lost."));
            }
        }
        finally
        {
            await end.CancelAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return isDue;
    }

    private void Set(RelayPlace place)
    {
        lock (_gate)
        {
            if (!_relays.TryGetValue(place.Relay, out var entry))
            {
                return;
            }

            _relays[place.Relay] = entry with { Place = place };
        }

        Announce();
        PlaceChanged?.Invoke(this, new RelayPlaceEventArgs(place));
    }

    private void Announce() => _host.Announce(Source, [.. Places.SelectMany(place => place.Addresses).Distinct()]);

    private bool HasPlaceAt(PeerId relay)
    {
        lock (_gate)
        {
            return _relays.ContainsKey(relay);
        }
    }

    private async Task TakeCircuitAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        stream.BecomeTunnel();
        StopMessage? request;
        using (var timeout = new CancellationTokenSource(_options.RequestTimeout, _time))
        using (var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken))
        {
            request = await RelayProtocol.ReadStopAsync(stream, bound.Token);
        }

        var status = request switch
        {
            null or { Type: StopMessageType.Connect, Peer: null } => RelayStatus.MalformedMessage,
            { Type: not StopMessageType.Connect } => RelayStatus.UnexpectedMessage,
            _ when stream.Connection.IsRelayed || !HasPlaceAt(stream.Peer) => RelayStatus.PermissionDenied,
            _ => RelayStatus.Ok,
        };
        await DelimitedMessages.WriteAsync(stream, new StopMessage { Type = StopMessageType.Status, Status = status }.Write(), cancellationToken);
        if (status != RelayStatus.Ok)
        {
            return;
        }

        var circuit = new CircuitStream(stream);
        var raw = new RawConnection(circuit, CircuitAddress.Through(stream.Connection.Remote, stream.Peer), null) { Limit = request!.Limit };
        try
        {
            var connection = await _host.AdoptAsync(raw, outbound: false, request.Peer, cancellationToken);
            await circuit.Ended;
            await connection.CloseAsync();
        }
        catch (P2PException)
        {
            // The caller could not say who it is: the stream is closed.
        }
    }
}
