namespace Skein.P2P.Yamux;

/// <summary>Bytes received and not yet read: a ring of pooled segments that exist only while they hold something. Not thread-safe; its length is bounded by the window.</summary>
/// <remarks>Segments of one size, well below what the collector treats as large: a buffer that doubled allocated up to a megabyte for each megabyte of a bulk flow.</remarks>
internal struct ReceiveBuffer
{
    private const int SegmentSize = SegmentPool.SegmentSize;
    private const int FirstRing = 8;

    private byte[][]? _ring;
    private int _first;
    private int _segments;
    private int _head;
    private int _tail;

    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        Count += data.Length;
        while (!data.IsEmpty)
        {
            if (_segments == 0 || _tail == SegmentSize)
            {
                AddSegment();
            }

            var count = Math.Min(data.Length, SegmentSize - _tail);
            data[..count].CopyTo(Segment(_segments - 1).AsSpan(_tail));
            _tail += count;
            data = data[count..];
        }
    }

    public int Read(Span<byte> destination)
    {
        var total = Math.Min(destination.Length, Count);
        for (var left = total; left > 0;)
        {
            var end = _segments == 1 ? _tail : SegmentSize;
            var count = Math.Min(left, end - _head);
            Segment(0).AsSpan(_head, count).CopyTo(destination);
            destination = destination[count..];
            left -= count;
            _head += count;
            if (_head == end)
            {
                RemoveSegment();
            }
        }

        Count -= total;
        return total;
    }

    public void Clear()
    {
        while (_segments > 0)
        {
            RemoveSegment();
        }

        Count = 0;
    }

    private readonly byte[] Segment(int index) => _ring![(_first + index) % _ring.Length];

    private void AddSegment()
    {
        _ring ??= new byte[FirstRing][];
        if (_segments == _ring.Length)
        {
            var grown = new byte[_ring.Length * 2][];
            for (var i = 0; i < _segments; i++)
            {
                grown[i] = Segment(i);
            }

            _ring = grown;
            _first = 0;
        }

        _ring[(_first + _segments) % _ring.Length] = SegmentPool.Rent();
        _segments++;
        _tail = 0;
    }

    private void RemoveSegment()
    {
        SegmentPool.Return(Segment(0));
        _ring![_first] = null!;
        _first = (_first + 1) % _ring.Length;
        _segments--;
        _head = 0;
    }
}
