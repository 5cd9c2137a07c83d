using System.Security.Cryptography;
using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Links;

/// <summary>Frame links that this process dialled, one for each neighbour and class, kept warm between sessions. Thread-safe.</summary>
internal sealed class LinkPool : IAsyncDisposable
{
    private readonly IRingTransport _transport;
    private readonly ILinkHost _host;
    private readonly LinkTiming _timing;
    private readonly int _maxLinks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Peer, TrafficClass Class), Entry> _entries = [];
    private readonly CancellationTokenSource _stop = new();
    private bool _disposed;

    /// <summary>Creates an empty pool.</summary>
    /// <param name="transport">Dials.</param>
    /// <param name="host">Takes what arrives.</param>
    /// <param name="timing">Bounds.</param>
    /// <param name="maxLinks">The most links at once; unused ones make room for new ones.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Debug lines about links made and lost.</param>
    public LinkPool(IRingTransport transport, ILinkHost host, LinkTiming timing, int maxLinks, TimeProvider time, ILogger logger)
    {
        _transport = transport;
        _host = host;
        _timing = timing;
        _maxLinks = maxLinks;
        _time = time;
        _logger = logger;
    }

    /// <summary>Links open or being made.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Takes hold of the link to a peer, dialling it if there is none.</summary>
    /// <exception cref="SwarmException">The peer cannot be reached, or the pool is full of links in use.</exception>
    public async ValueTask<FrameLease> RentAsync(PeerAddress peer, TrafficClass trafficClass, CancellationToken cancellationToken)
    {
        // The addresses belong to the key: without identities, a name alone could be used to lead other people's sessions elsewhere.
        var key = (KeyOf(peer), trafficClass);
        var (entry, link) = await EnterAsync(key, peer, cancellationToken);
        if (link.Failure is not null)
        {
            // It broke a moment ago and its reader has not come round to saying so: dial anew, once.
            Leave(entry);
            Forget(entry);
            (entry, link) = await EnterAsync(key, peer, cancellationToken);
        }

        link.Lease();
        return new FrameLease(link, () =>
        {
            link.Release();
            Leave(entry);
        });
    }

    /// <summary>Closes every link and waits until their readers have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Entry[] entries;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            entries = [.. _entries.Values];
        }

        await _stop.CancelAsync();
        foreach (var entry in entries)
        {
            try
            {
                (await entry.Link).Abort(new SwarmException(SwarmError.ShuttingDown, "This side is shutting down."));
                await entry.Reader;
            }
            catch (SwarmException)
            {
                // The link was never made.
            }
        }

        _stop.Dispose();
    }

    /// <summary>Closes the links to a peer that is lost by another sign: a link that looks alive would only fail the next session a little later.</summary>
    public void Drop(PeerAddress peer, SwarmException reason)
    {
        Entry[] dropped;
        lock (_lock)
        {
            dropped = [.. _entries.Values.Where(e => e.Key.Peer == KeyOf(peer) && e.Link.IsCompletedSuccessfully)];
            foreach (var entry in dropped)
            {
                _entries.Remove(entry.Key);
            }
        }

        foreach (var entry in dropped)
        {
            Abort(entry, reason);
        }
    }

    /// <summary>Closes links that no session has used for long. Called by the owner's own ticker.</summary>
    public void CloseIdle()
    {
        Entry[] idle;
        lock (_lock)
        {
            idle = [.. _entries.Values.Where(e => e.Leases == 0 && e.Link.IsCompletedSuccessfully && _time.GetElapsedTime(e.UnusedSince) > _timing.IdleLink)];
            foreach (var entry in idle)
            {
                _entries.Remove(entry.Key);
            }
        }

        foreach (var entry in idle)
        {
            AbortUnused(entry);
        }
    }

    private async ValueTask<(Entry Entry, FrameLink Link)> EnterAsync((string Peer, TrafficClass Class) key, PeerAddress peer, CancellationToken cancellationToken)
    {
        Entry entry;
        lock (_lock)
        {
            if (_disposed)
            {
                throw new SwarmException(SwarmError.ShuttingDown, "This side is shutting down.");
            }

            if (!_entries.TryGetValue(key, out entry!))
            {
                MakeRoom();
                entry = new Entry(key);
                entry.Link = DialAsync(entry, peer, key.Class);
                _entries.Add(key, entry);
            }

            entry.Leases++;
        }

        try
        {
            return (entry, await entry.Link.WaitAsync(cancellationToken));
        }
        catch
        {
            Leave(entry);
            throw;
        }
    }

    private void Leave(Entry entry)
    {
        lock (_lock)
        {
            entry.Leases--;
            entry.UnusedSince = _time.GetTimestamp();
        }
    }

    private void MakeRoom()
    {
        if (_entries.Count < _maxLinks)
        {
            return;
        }

        var oldest = _entries.Values.Where(static e => e.Leases == 0 && e.Link.IsCompletedSuccessfully).MinBy(static e => e.UnusedSince)
            ?? throw new SwarmException(SwarmError.LimitReached, $"All {_maxLinks} links to other nodes are in use; try again when a session ends.", TimeSpan.FromSeconds(2));
        _entries.Remove(oldest.Key);
        AbortUnused(oldest);
    }

    private static void AbortUnused(Entry entry) => Abort(entry, new SwarmException(SwarmError.PeerLost, "The link was closed here: no session used it."));

    private static void Abort(Entry entry, SwarmException reason)
    {
        if (entry.Link is { IsCompletedSuccessfully: true } made)
        {
            // Completed: this does not block.
            made.GetAwaiter().GetResult().Abort(reason);
        }
    }

    private static string KeyOf(PeerAddress peer) => string.Join('\n', peer.Addresses.Prepend(peer.Id));

    private void Forget(Entry entry)
    {
        lock (_lock)
        {
            // Another entry may have taken the place already.
            if (_entries.TryGetValue(entry.Key, out var current) && ReferenceEquals(current, entry))
            {
                _entries.Remove(entry.Key);
            }
        }
    }

    private async Task<FrameLink> DialAsync(Entry entry, PeerAddress peer, TrafficClass trafficClass)
    {
        // Never inside the caller's lock.
        await Task.Yield();
        WireConnection? connection = null;
        try
        {
            using var bound = new CancellationTokenSource(_timing.ConnectBound, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _stop.Token);
            var protocol = trafficClass == TrafficClass.Bulk ? RingProtocols.Bulk : RingProtocols.Activations;
            Stream stream;
            try
            {
                stream = await _transport.ConnectAsync(peer, protocol, trafficClass, either.Token);
            }
            catch (OperationCanceledException)
            {
                throw new SwarmException(SwarmError.ConnectFailed, $"{peer} could not be reached within {_timing.ConnectBound.TotalSeconds:0.#} s.");
            }

            connection = new WireConnection(stream, peer.Id, _time);
            var link = new FrameLink(connection, NewId(), trafficClass, peer);
            using (connection.AbortAfter(_timing.ConnectBound, "the greeting on a frame link"))
            {
                var greeted = _time.GetTimestamp();
                await connection.SendAsync(new HelloMessage(link.Id));
                var header = await connection.ReadHeaderAsync();
                if (header.Type != WireMessageType.Welcome)
                {
                    throw await UnwelcomeAsync(connection, header, peer);
                }

                await connection.SkipAsync(header);
                connection.OnGreeted(greeted);
            }

            LinkLog.Made(_logger, peer, trafficClass);
            entry.Reader = ReadAsync(entry, link);
            return link;
        }
        catch (Exception failure)
        {
            Forget(entry);
            var reason = SwarmErrors.From(failure);
            connection?.Abort(reason);
            throw reason;
        }
    }

    private static async ValueTask<SwarmException> UnwelcomeAsync(WireConnection connection, WireHeader header, PeerAddress peer)
    {
        if (header.Type == WireMessageType.Error && ErrorMessage.TryRead((await connection.ReadBodyAsync(header)).Span, out var error))
        {
            return error.ToException(peer.Id);
        }

        return new SwarmException(SwarmError.BadMessage, $"{peer} did not greet back on a frame link.");
    }

    private async Task ReadAsync(Entry entry, FrameLink link)
    {
        await Task.Yield();
        try
        {
            await link.RunAsync(_host, _timing);
        }
        finally
        {
            Forget(entry);
            LinkLog.Lost(_logger, link.Remote, link.Class, link.Failure?.Message ?? "closed");
        }
    }

    private static UInt128 NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }

    private sealed class Entry((string Peer, TrafficClass Class) key)
    {
        public (string Peer, TrafficClass Class) Key { get; } = key;

        public Task<FrameLink> Link { get; set; } = null!;

        public Task Reader { get; set; } = Task.CompletedTask;

        public int Leases { get; set; }

        public long UnusedSince { get; set; }
    }
}
