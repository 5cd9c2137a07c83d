using System.Buffers;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>Two streams of a relay joined to one pipe. Pumps until both directions have ended, a bound is passed, or nothing moves any more.</summary>
/// <remarks>A steady flow allocates nothing: one pooled buffer a direction, and waiting costs memory only while the rate holds somebody up.</remarks>
internal sealed class Circuit
{
    // A bulk frame twice over; more would only lie in the relay.
    private const int BufferLength = 32 * 1024;

    private readonly P2PStream _source;
    private readonly P2PStream _target;
    private readonly RelayLimit? _limit;
    private readonly RateShare _sourceShare;
    private readonly RateShare _targetShare;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending;
    private long _carried;
    private long _lastMoved;

    public Circuit(P2PStream source, P2PStream target, RelayLimit? limit, RateShare sourceShare, RateShare targetShare, TimeProvider time, CancellationToken stopping)
    {
        _source = source;
        _target = target;
        _limit = limit;
        _sourceShare = sourceShare;
        _targetShare = targetShare;
        _time = time;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _lastMoved = time.GetTimestamp();
    }

    /// <summary>Who called.</summary>
    public PeerId Source => _source.Peer;

    /// <summary>Who was called.</summary>
    public PeerId Target => _target.Peer;

    /// <summary>Bytes carried in both directions.</summary>
    public long Carried => Interlocked.Read(ref _carried);

    /// <summary>How long nothing has moved.</summary>
    public TimeSpan IdleFor => _time.GetElapsedTime(Interlocked.Read(ref _lastMoved));

    /// <summary>Cuts it; safe at any time.</summary>
    public void Cut()
    {
        _source.Reset();
        _target.Reset();
    }

    /// <summary>Pumps to the end; does not throw.</summary>
    public async Task RunAsync()
    {
        using (_ending)
        {
            if (_limit is { Duration: var duration } && duration > TimeSpan.Zero)
            {
                // In virtual time too.
                await using var timer = _time.CreateTimer(state => ((Circuit)state!).Cut(), this, duration, Timeout.InfiniteTimeSpan);
                await PumpBothAsync();
            }
            else
            {
                await PumpBothAsync();
            }
        }
    }

    private async Task PumpBothAsync()
    {
        // The host stops: no read is left waiting.
        await using var stopped = _ending.Token.UnsafeRegister(state => ((Circuit)state!).Cut(), this);
        await Task.WhenAll(PumpAsync(_source, _target), PumpAsync(_target, _source));
    }

    private async Task PumpAsync(P2PStream from, P2PStream to)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        var left = _limit is { Data: > 0 } ? _limit.Data : long.MaxValue;
        try
        {
            while (true)
            {
                var count = await from.ReadAsync(buffer.AsMemory(0, BufferLength), CancellationToken.None);
                if (count == 0)
                {
                    await to.CloseWriteAsync();
                    return;
                }

                left -= count;
                if (left < 0)
                {
                    Cut();
                    return;
                }

                var wait = _sourceShare.Take(count);
                var other = ReferenceEquals(_sourceShare, _targetShare) ? TimeSpan.Zero : _targetShare.Take(count);
                wait = wait > other ? wait : other;
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _time, _ending.Token);
                }

                await to.WriteAsync(buffer.AsMemory(0, count), CancellationToken.None);
                Interlocked.Add(ref _carried, count);
                Interlocked.Exchange(ref _lastMoved, _time.GetTimestamp());
            }
        }
        catch (Exception fault) when (fault is P2PException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One end is gone: so is the other.
            Cut();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
