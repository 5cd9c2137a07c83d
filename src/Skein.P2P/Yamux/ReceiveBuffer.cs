using System.Buffers;

namespace Skein.P2P.Yamux;

/// <summary>Bytes received and not yet read: a ring on a pooled array that exists only while there are any. Not thread-safe; its length is bounded by the window.</summary>
internal struct ReceiveBuffer
{
    private const int Smallest = 4096;

    private byte[]? _array;
    private int _head;

    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        if (_array is null || _array.Length - Count < data.Length)
        {
            Grow(Count + data.Length);
        }

        var tail = (_head + Count) % _array!.Length;
        var first = Math.Min(data.Length, _array.Length - tail);
        data[..first].CopyTo(_array.AsSpan(tail));
        data[first..].CopyTo(_array);
        Count += data.Length;
    }

    public int Read(Span<byte> destination)
    {
        var count = Math.Min(destination.Length, Count);
        if (count == 0)
        {
            return 0;
        }

        var first = Math.Min(count, _array!.Length - _head);
        _array.AsSpan(_head, first).CopyTo(destination);
        _array.AsSpan(0, count - first).CopyTo(destination[first..]);
        _head = (_head + count) % _array.Length;
        Count -= count;
        if (Count == 0)
        {
            Clear();
        }

        return count;
    }

    public void Clear()
    {
        if (_array is not null)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = null;
        _head = 0;
        Count = 0;
    }

    private void Grow(int need)
    {
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(Smallest, Math.Max(need, (_array?.Length ?? 0) * 2)));
        var count = Count;
        if (_array is not null)
        {
            var first = Math.Min(count, _array.Length - _head);
            _array.AsSpan(_head, first).CopyTo(grown);
            _array.AsSpan(0, count - first).CopyTo(grown.AsSpan(first));
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = grown;
        _head = 0;
    }
}
