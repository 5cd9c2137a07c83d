using Skein.Core.Decoding;
using Skein.P2P.Errors;
using Skein.P2P.Noise;

namespace Skein.P2P.Yamux;

/// <summary>Reads one session's frames as they are decrypted, and hands their bytes straight to waiting readers. One loop; frames may be cut anywhere between messages.</summary>
[Decoder]
internal sealed class FrameReader : IAsyncDisposable
{
    // A frame for a stream that is gone is skipped; one that is longer than any window is an attack.
    private const uint MaxSkipped = 16 * 1024 * 1024;

    private readonly SessionState _session;
    private readonly NoiseChannel _channel;
    private readonly StreamTable _streams;
    private readonly OutgoingFrames _outgoing;
    private readonly MessageWriter _writer;
    private readonly KeepAlive _keepAlive;
    private readonly Action<YamuxStream> _onStream;
    private readonly Action<P2PException?> _end;
    private Task _loop = Task.CompletedTask;

    // Owned by the loop: the frame that is being read, its header and the bytes that are still to come.
    private readonly byte[] _header = new byte[YamuxHeader.Size];
    private int _headerLength;
    private YamuxStream? _stream;
    private uint _remaining;
    private bool _fin;

    // The end takes the reason for which reading ended; null if it ended in order.
    public FrameReader(SessionState session, NoiseChannel channel, StreamTable streams, OutgoingFrames outgoing, MessageWriter writer, KeepAlive keepAlive, Action<YamuxStream> onStream, Action<P2PException?> end)
    {
        _session = session;
        _channel = channel;
        _streams = streams;
        _outgoing = outgoing;
        _writer = writer;
        _keepAlive = keepAlive;
        _onStream = onStream;
        _end = end;
    }

    public void Start() => _loop = RunAsync();

    /// <summary>Waits for the loop, which ends with the session.</summary>
    public async ValueTask DisposeAsync() => await _loop;

    private async Task RunAsync()
    {
        P2PException? fault = null;
        try
        {
            while (true)
            {
                var message = await _channel.ReceiveAsync(_session.Ending);
                if (message.IsEmpty)
                {
                    break;
                }

                Take(message.Span);
            }

            lock (_session.Gate)
            {
                fault = _session.RemoteGoneAway || _session.GoAwaySent ? null : new P2PException(P2PError.ConnectionClosed, "The other side closed the connection.");
            }
        }
        catch (OperationCanceledException) when (_session.IsEnding)
        {
            // The session ends.
        }
        catch (P2PException broken)
        {
            fault = broken;
            if (broken.Error == P2PError.ProtocolViolation)
            {
                TellProtocolError();
            }
        }
        catch (Exception lost)
        {
            fault = new P2PException(P2PError.ConnectionClosed, "The connection was lost.", lost);
        }

        _end(fault);
    }

    // Takes what one message brings: frames, and parts of frames at both ends.
    private void Take(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            var whole = _remaining > 0 ? TakeData(ref rest) : TakeHeader(ref rest);
            if (!whole)
            {
                continue;
            }

            // What a frame ends comes after what it carried.
            if (_fin)
            {
                _stream?.OnFin();
            }

            _fin = false;
            _stream = null;
        }
    }

    // Whether the frame is whole now.
    private bool TakeData(ref ReadOnlySpan<byte> rest)
    {
        var count = (int)Math.Min(_remaining, (uint)rest.Length);
        if (_stream is not null && !_stream.Receiving.Deliver(rest[..count]))
        {
            _stream.Abort(new P2PException(P2PError.LimitReached, "Too many bytes wait unread on this connection, or on all of its peer, its neighbourhood or this host; the stream was reset."), tellPeer: true);
        }

        rest = rest[count..];
        _remaining -= (uint)count;
        return _remaining == 0;
    }

    // Whether the frame is whole now, as one without data is with its header.
    private bool TakeHeader(ref ReadOnlySpan<byte> rest)
    {
        var count = Math.Min(YamuxHeader.Size - _headerLength, rest.Length);
        rest[..count].CopyTo(_header.AsSpan(_headerLength));
        _headerLength += count;
        rest = rest[count..];
        if (_headerLength < YamuxHeader.Size)
        {
            return false;
        }

        _headerLength = 0;
        if (!YamuxHeader.TryRead(_header, out var frame))
        {
            throw SessionState.Violation("a frame has a malformed header");
        }

        _stream = OnHeader(frame, out _remaining);
        _fin = (frame.Flags & YamuxFlags.Fin) != YamuxFlags.None;
        return _remaining == 0;
    }

    // Returns the stream that the frame is for, if it lives, and the bytes that follow.
    private YamuxStream? OnHeader(YamuxHeader frame, out uint length)
    {
        length = 0;
        switch (frame.Type)
        {
            case YamuxFrameType.Ping:
                _keepAlive.OnPing(frame);
                return null;
            case YamuxFrameType.GoAway:
                OnGoAway(frame.Length);
                return null;
            default:
                return OnStreamFrame(frame, out length);
        }
    }

    private void OnGoAway(uint reason)
    {
        lock (_session.Gate)
        {
            _session.RemoteGoneAway = true;
        }

        if (reason != (uint)YamuxGoAway.Normal)
        {
            throw new P2PException(P2PError.ConnectionClosed, $"The other side ended the connection with code {reason}.");
        }
    }

    private YamuxStream? OnStreamFrame(YamuxHeader frame, out uint length)
    {
        length = 0;
        YamuxStream? stream;
        var opened = false;
        var kick = false;
        lock (_session.Gate)
        {
            if ((frame.Flags & YamuxFlags.Syn) != YamuxFlags.None)
            {
                opened = Accept(frame.StreamId);
                kick = true;
            }

            stream = _streams.Find(frame.StreamId);
            if (stream is not null && (frame.Flags & YamuxFlags.Ack) != YamuxFlags.None)
            {
                _streams.Acknowledge(stream);
            }

            if (frame.Type == YamuxFrameType.Data)
            {
                length = frame.Length;
                if (stream is null ? length > MaxSkipped : !stream.Receiving.TryTakeAllowance(length))
                {
                    throw SessionState.Violation($"{length} bytes came on stream {frame.StreamId}, more than it may carry");
                }
            }
            else if (stream is not null)
            {
                kick |= OnWindowUpdate(stream, frame.Length);
            }
        }

        if ((frame.Flags & YamuxFlags.Rst) != YamuxFlags.None && stream is not null)
        {
            stream.Abort(new P2PException(P2PError.StreamReset, "The other side reset the stream."), tellPeer: false);
        }

        if (opened && stream is not null)
        {
            _onStream(stream);
        }

        if (kick)
        {
            _writer.Kick();
        }

        return stream;
    }

    // Under the lock. Either way there is an answer to send.
    private bool Accept(uint id)
    {
        if (_streams.TryAccept(id) is { } stream)
        {
            _outgoing.EnqueueControl(stream);
            return true;
        }

        _outgoing.EnqueueAnswer(new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, id, 0));
        return false;
    }

    // Under the lock. Whether there is something to send now.
    private bool OnWindowUpdate(YamuxStream stream, uint delta)
    {
        stream.Sending.Grant(delta);
        if (stream.Sending.IsWindowOverflown)
        {
            throw SessionState.Violation($"the window of stream {stream.Id} grew over 4 GiB");
        }

        if (!stream.Sending.HasData)
        {
            return false;
        }

        _outgoing.EnqueueData(stream);
        return true;
    }

    // Says why before the line is cut, if the line is free.
    private void TellProtocolError()
    {
        lock (_session.Gate)
        {
            _session.GoAwaySent = true;
            _outgoing.Enqueue(new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)YamuxGoAway.ProtocolError));
        }

        _writer.Kick();
    }
}
