using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Router;

/// <summary>A line of limited rate with the bounded queue in front of it: one packet after the other, each as long as its bytes take.</summary>
/// <remarks>
/// A token bucket of depth zero: nothing leaves faster than the rate, not even after a pause, as on a real access line. What does not fit the queue is dropped (drop-tail).
/// Times are nanoseconds of the router's clock. Because a packet's end is reckoned from the end of the one before and not from when the router woke up, late turns do not add up.
/// </remarks>
internal sealed class RateQueue
{
    private const long AutomaticNanoseconds = 100_000_000;
    private const long SmallestAutomatic = 64 * 1_024;

    private readonly Queue<Packet> _packets = new();
    private BitRate _rate;
    private long _limit;
    private long _free;
    private long _headStart;
    private long _headEnd;

    /// <summary>When the packet at the head has left; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextDue => _packets.Count == 0 ? long.MaxValue : _headEnd;

    /// <summary>Bytes that wait, the packet being sent included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether a packet may pass by without stopping.</summary>
    public bool IsOpen => _rate.IsUnlimited && _packets.Count == 0;

    /// <summary>How long a packet keeps the line busy.</summary>
    public long TimeFor(Packet packet) => _rate.NanosecondsFor(packet.Length);

    /// <summary>Changes rate and bound; what is in the queue leaves at the new rate.</summary>
    /// <param name="rate">The rate.</param>
    /// <param name="queue">The bound; null for 100 ms of the rate and at least 64 KiB.</param>
    /// <param name="now">The time.</param>
    public void Configure(BitRate rate, ByteSize? queue, long now)
    {
        _rate = rate;
        _limit = queue?.Bytes ?? Math.Max(SmallestAutomatic, rate.BytesIn(AutomaticNanoseconds));
        _free = Math.Min(_free, now);
        if (_packets.TryPeek(out var head))
        {
            _headEnd = Math.Max(now, _headStart + _rate.NanosecondsFor(head.Length));
        }
    }

    /// <summary>Queues a packet; false when it does not fit. An idle line takes a packet of any size.</summary>
    public bool TryAdd(Packet packet, long now)
    {
        if (_packets.Count > 0 && Bytes + packet.Length > _limit)
        {
            return false;
        }

        _packets.Enqueue(packet);
        Bytes += packet.Length;
        if (_packets.Count == 1)
        {
            Begin(packet, Math.Max(_free, now));
        }

        return true;
    }

    /// <summary>Takes the packet whose end is <see cref="NextDue"/>.</summary>
    public Packet Take()
    {
        var packet = _packets.Dequeue();
        Bytes -= packet.Length;
        _free = _headEnd;
        if (_packets.TryPeek(out var next))
        {
            Begin(next, _free);
        }

        return packet;
    }

    private void Begin(Packet head, long start)
    {
        _headStart = start;
        _headEnd = start + _rate.NanosecondsFor(head.Length);
    }
}
