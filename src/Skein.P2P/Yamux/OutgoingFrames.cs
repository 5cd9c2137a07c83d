namespace Skein.P2P.Yamux;

/// <summary>What waits to be sent in one session, and how it is put into messages: answers and window updates first, then control streams, decode streams, and bulk streams in turn. Guarded by the session's lock, unless a member says otherwise.</summary>
internal sealed class OutgoingFrames(SessionState session, StreamTable streams, BulkPacing pacing)
{
    private readonly Queue<YamuxHeader> _frames = new();
    private readonly List<YamuxStream> _filled = [];
    private StreamQueue _control = new(ofControl: true);
    private StreamQueue _controlData = new(ofControl: false);
    private StreamQueue _decodeData = new(ofControl: false);
    private StreamQueue _bulkData = new(ofControl: false);

    public bool IsEmpty => _frames.Count == 0 && _control.IsEmpty && _controlData.IsEmpty && _decodeData.IsEmpty && _bulkData.IsEmpty;

    /// <summary>Queues a frame of the session's own; there are few of these at a time.</summary>
    public void Enqueue(YamuxHeader frame) => _frames.Enqueue(frame);

    /// <summary>Queues what the other side asked for.</summary>
    /// <exception cref="Errors.P2PException">It asks more than it reads.</exception>
    public void EnqueueAnswer(YamuxHeader answer)
    {
        if (_frames.Count >= session.Options.MaxQueuedControl)
        {
            throw SessionState.Violation($"{_frames.Count} answers wait for it to read");
        }

        _frames.Enqueue(answer);
    }

    /// <summary>The stream has a reset, flags or a window update to send.</summary>
    public void EnqueueControl(YamuxStream stream) => _control.Enqueue(stream);

    /// <summary>The stream has data to send, and leave to.</summary>
    public void EnqueueData(YamuxStream stream)
    {
        switch (stream.Class)
        {
            case StreamClass.Control:
                _controlData.Enqueue(stream);
                break;
            case StreamClass.Decode:
                _decodeData.Enqueue(stream);
                break;
            default:
                _bulkData.Enqueue(stream);
                break;
        }
    }

    /// <summary>Puts frames into one message, by rank.</summary>
    /// <param name="message">Where to.</param>
    /// <param name="bulkFrames">How many bulk frames it may hold.</param>
    /// <returns>The message's length; 0 if there is nothing to send. <see cref="CompleteFilled"/> follows.</returns>
    public int Fill(Span<byte> message, int bulkFrames)
    {
        var at = 0;
        while (at + YamuxHeader.Size <= message.Length && _frames.TryDequeue(out var frame))
        {
            frame.Write(message[at..]);
            at += YamuxHeader.Size;
        }

        at = FillControl(message, at);
        at = FillData(ref _controlData, message, at, message.Length, int.MaxValue);
        at = FillData(ref _decodeData, message, at, message.Length, int.MaxValue);
        return _bulkData.IsEmpty ? at : FillBulk(message, at, bulkFrames);
    }

    /// <summary>Ends the writes whose last byte the message took. Called without the lock: only the writer touches the list, and there is one writer.</summary>
    public void CompleteFilled()
    {
        foreach (var stream in _filled)
        {
            stream.Sending.CompleteWrite();
        }

        _filled.Clear();
    }

    private int FillControl(Span<byte> message, int at)
    {
        while (at + YamuxHeader.Size <= message.Length && _control.Dequeue() is { } stream)
        {
            if (stream.TakeReset())
            {
                new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, stream.Id, 0).Write(message[at..]);
                at += YamuxHeader.Size;
            }
            else if (stream.Fault is null && stream.OwesControl)
            {
                var window = stream.Receiving.TakeWindow();
                new YamuxHeader(YamuxFrameType.WindowUpdate, stream.TakeFlags(), stream.Id, window).Write(message[at..]);
                at += YamuxHeader.Size;
                streams.RemoveIfFinished(stream);
            }

            streams.Uncount(stream);
        }

        return at;
    }

    // As much bulk as its pacer allows, and a marker behind it now and then.
    private int FillBulk(Span<byte> message, int at, int maxFrames)
    {
        var timestamp = session.Time.GetTimestamp();
        var allowed = pacing.Allow(timestamp);
        if (allowed == 0)
        {
            return at;
        }

        var end = FillData(ref _bulkData, message, at, Math.Min(session.Options.MaxBulkFrame, allowed), maxFrames, allowed);
        if (end > at && pacing.OnSent(timestamp, end - at) && end + YamuxHeader.Size <= message.Length)
        {
            new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, pacing.TakeMarker(timestamp)).Write(message[end..]);
            end += YamuxHeader.Size;
        }

        return end;
    }

    private int FillData(ref StreamQueue queue, Span<byte> message, int at, int maxFrame, int maxFrames, int maxBytes = int.MaxValue)
    {
        var first = at;
        for (var frames = 0; frames < maxFrames && message.Length - at > YamuxHeader.Size && at - first < maxBytes && queue.Dequeue() is { } stream;)
        {
            var sending = stream.Sending;
            if (!sending.HasData || stream.Fault is not null)
            {
                streams.Uncount(stream);
                continue;
            }

            frames++;
            var room = message[(at + YamuxHeader.Size)..];
            var count = sending.TakeData(room[..Math.Min(maxFrame, room.Length)]);
            new YamuxHeader(YamuxFrameType.Data, stream.TakeFlags(), stream.Id, (uint)count).Write(message[at..]);
            at += YamuxHeader.Size + count;
            if (sending.TakeWaiter())
            {
                _filled.Add(stream);
            }

            if (sending.HasData)
            {
                queue.Enqueue(stream);
            }

            streams.RemoveIfFinished(stream);
        }

        return at;
    }
}
