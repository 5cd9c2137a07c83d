namespace Skein.P2P.Yamux;

/// <summary>Streams in the order in which they came, linked through themselves: no allocation. Guarded by the session's lock. A stream is in one queue of each kind at most.</summary>
internal struct StreamQueue
{
    private readonly bool _ofControl;
    private YamuxStream? _first;
    private YamuxStream? _last;

    public StreamQueue(bool ofControl) => _ofControl = ofControl;

    public readonly bool IsEmpty => _first is null;

    public void Enqueue(YamuxStream stream)
    {
        ref var link = ref Link(stream);
        if (link.Queued)
        {
            return;
        }

        link.Queued = true;
        link.Next = null;
        if (_last is null)
        {
            _first = stream;
        }
        else
        {
            Link(_last).Next = stream;
        }

        _last = stream;
    }

    public YamuxStream? Dequeue()
    {
        var stream = _first;
        if (stream is not null)
        {
            ref var link = ref Link(stream);
            _first = link.Next;
            link = default;
            if (_first is null)
            {
                _last = null;
            }
        }

        return stream;
    }

    private readonly ref StreamLink Link(YamuxStream stream)
    {
        if (_ofControl)
        {
            return ref stream.ControlLink;
        }

        return ref stream.DataLink;
    }
}
