using Skein.P2P.Addressing;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Transports;

namespace Skein.P2P.Connections;

/// <summary>Tries the addresses of a peer side by side, each with a head start over the next; the first finished handshake wins (RFC 8305, "happy eyeballs").</summary>
internal sealed class Dialer(P2PLimits limits, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _dials = new(limits.MaxDials, limits.MaxDials);

    /// <summary>Dials until one address answers as the expected peer.</summary>
    /// <param name="expected">Who must answer; null for anybody.</param>
    /// <param name="addresses">Where to try.</param>
    /// <param name="scopeOf">Where the name in one of them may lead.</param>
    /// <param name="transports">Ways to dial.</param>
    /// <param name="upgrade">Makes a raw connection a secured one.</param>
    /// <param name="cancellationToken">Safe: whatever was opened is closed.</param>
    /// <exception cref="P2PException"><see cref="P2PError.NoAddress"/>, or <see cref="P2PError.DialFailed"/> with what each address said; the fault itself if there was but one.</exception>
    public async Task<P2PConnection> DialAsync(PeerId? expected, IReadOnlyList<Multiaddr> addresses, Func<Multiaddr, AddressScope> scopeOf, IReadOnlyList<ITransport> transports,
        Func<RawConnection, CancellationToken, Task<P2PConnection>> upgrade, CancellationToken cancellationToken)
    {
        var ways = Rank(addresses).Select(address => (Address: expected is not null && address.IsRelayed ? address.WithPeerId(expected) : address, Scope: scopeOf(address)))
            .Select(way => (way.Address, way.Scope, Transport: transports.FirstOrDefault(transport => transport.CanDial(way.Address))))
            .Where(way => way.Transport is not null).Take(limits.MaxDialAddresses).ToList();
        if (ways.Count == 0)
        {
            throw new P2PException(P2PError.NoAddress, addresses.Count == 0
                ? $"No address of {expected} is known."
                : $"None of the {addresses.Count} addresses of {expected} can be dialled from here: {string.Join(", ", addresses.Take(3))}.");
        }

        using var losers = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task<P2PConnection>>();
        var faults = new List<Exception>();
        var next = 0;
        var started = time.GetTimestamp();
        try
        {
            while (true)
            {
                if (next < ways.Count)
                {
                    var way = ways[next];
                    if (running.Count == 0 || time.GetElapsedTime(started) >= StartOf(ways, next))
                    {
                        next++;
                        running.Add(TryAsync(way.Address, way.Scope, way.Transport!, upgrade, losers.Token));
                        continue;
                    }
                }

                if (running.Count == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    throw Combine(expected, faults);
                }

                Task ended = Task.WhenAny(running);
                if (next < ways.Count)
                {
                    using var pause = CancellationTokenSource.CreateLinkedTokenSource(losers.Token);
                    await Task.WhenAny(ended, Task.Delay(Positive(StartOf(ways, next) - time.GetElapsedTime(started)), time, pause.Token));
                    await pause.CancelAsync();
                }
                else
                {
                    await ended;
                }

                foreach (var attempt in running.Where(attempt => attempt.IsCompleted).ToList())
                {
                    running.Remove(attempt);
                    try
                    {
                        return await attempt;
                    }
                    catch (Exception fault) when (fault is P2PException or OperationCanceledException)
                    {
                        faults.Add(fault);
                    }
                }
            }
        }
        finally
        {
            await losers.CancelAsync();
            foreach (var loser in running)
            {
                _ = CloseAsync(loser);
            }
        }
    }

    public void Dispose() => _dials.Dispose();

    private static TimeSpan Positive(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;

    // Direct before relayed; IPv6 and IPv4 in turn; otherwise as given.
    private static IEnumerable<Multiaddr> Rank(IReadOnlyList<Multiaddr> addresses)
    {
        var direct = addresses.Where(address => !address.IsRelayed).Distinct().ToList();
        var six = direct.Where(address => address.Has(MultiaddrCode.Ip6)).ToList();
        var rest = direct.Except(six).ToList();
        for (var i = 0; i < Math.Max(six.Count, rest.Count); i++)
        {
            if (i < six.Count)
            {
                yield return six[i];
            }

            if (i < rest.Count)
            {
                yield return rest[i];
            }
        }

        foreach (var relayed in addresses.Where(address => address.IsRelayed).Distinct())
        {
            yield return relayed;
        }
    }

    private static P2PException Combine(PeerId? expected, List<Exception> faults)
        => faults is [P2PException only] ? only
            : new P2PException(P2PError.DialFailed, $"{expected?.ToString() ?? "The peer"} could not be reached: {string.Join(" ", faults.Select(fault => fault.Message).Distinct(StringComparer.Ordinal))}", faults.FirstOrDefault());

    private static async Task CloseAsync(Task<P2PConnection> loser)
    {
        try
        {
            await (await loser).CloseAsync();
        }
        catch (Exception fault) when (fault is P2PException or OperationCanceledException)
        {
            // It lost anyway.
        }
    }

    private TimeSpan StartOf(List<(Multiaddr Address, AddressScope Scope, ITransport? Transport)> ways, int index)
    {
        var stagger = limits.DialStagger * index;
        var head = ways[index].Address.IsRelayed && !ways[0].Address.IsRelayed ? limits.RelayDelay : TimeSpan.Zero;
        return stagger > head ? stagger : head;
    }

    private async Task<P2PConnection> TryAsync(Multiaddr address, AddressScope scope, ITransport transport, Func<RawConnection, CancellationToken, Task<P2PConnection>> upgrade, CancellationToken cancellationToken)
    {
        // A dial through a relay may dial the relay: it must not hold the place that one needs.
        var counts = !address.IsRelayed;
        if (counts)
        {
            await _dials.WaitAsync(cancellationToken);
        }

        try
        {
            using var timeout = new CancellationTokenSource(limits.DialTimeout, time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                return await upgrade(await transport.DialAsync(address, scope, bound.Token), bound.Token);
            }
            catch (OperationCanceledException fault) when (timeout.IsCancellationRequested)
            {
                throw new P2PException(P2PError.TimedOut, $"{address} did not answer within {limits.DialTimeout.TotalSeconds:0.#} s.", fault);
            }
        }
        finally
        {
            if (counts)
            {
                _dials.Release();
            }
        }
    }
}
