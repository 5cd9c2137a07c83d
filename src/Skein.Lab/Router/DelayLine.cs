namespace Skein.Lab.Router;

/// <summary>The length of a line: packets come out in the order they went in, each not before its time.</summary>
internal sealed class DelayLine
{
    private readonly Queue<(Packet Packet, long Due)> _packets = new();
    private long _last;

    /// <summary>When the next packet comes out; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextDue => _packets.TryPeek(out var head) ? head.Due : long.MaxValue;

    /// <summary>The packet that comes out next.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Packet Next => _packets.Peek().Packet;

    /// <summary>Whether nothing is under way.</summary>
    public bool IsEmpty => _packets.Count == 0;

    /// <summary>Puts a packet in; a line that just got shorter does not let it overtake.</summary>
    public void Add(Packet packet, long due)
    {
        _last = IsEmpty ? due : Math.Max(_last, due);
        _packets.Enqueue((packet, _last));
    }

    /// <summary>Takes the packet whose time is <see cref="NextDue"/>.</summary>
    public Packet Take() => _packets.Dequeue().Packet;
}
