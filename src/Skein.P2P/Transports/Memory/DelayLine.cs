using System.IO.Pipelines;

namespace Skein.P2P.Transports.Memory;

/// <summary>Holds bytes back for a fixed time, in order, then hands them on. What is under way is bounded.</summary>
internal sealed class DelayLine
{
    // What a long fat path holds: 100 Mbit/s for 80 ms.
    private const int MaxUnderWay = 1024 * 1024;

    private readonly PipeWriter _target;
    private readonly TimeProvider _time;
    private readonly TimeSpan _delay;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly Queue<(long Due, byte[] Bytes)> _underWay = new();
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _bytes;
    private bool _completed;
    private bool _broken;

    public DelayLine(PipeWriter target, TimeProvider time, TimeSpan delay)
    {
        _target = target;
        _time = time;
        _delay = delay;
        _timer = time.CreateTimer(static state => ((DelayLine)state!).Deliver(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_completed || _broken)
                {
                    throw new IOException("The connection was closed.");
                }

                if (_bytes < MaxUnderWay)
                {
                    Enqueue(bytes.ToArray());
                    return;
                }

                room = _room.Task;
            }

            await room.WaitAsync(cancellationToken);
        }
    }

    // The end travels like bytes do.
    public void Complete()
    {
        lock (_gate)
        {
            if (!_completed)
            {
                _completed = true;
                Enqueue([]);
            }
        }
    }

    private void Enqueue(byte[] bytes)
    {
        _underWay.Enqueue((_time.GetTimestamp() + (long)(_delay.TotalSeconds * _time.TimestampFrequency), bytes));
        _bytes += bytes.Length;
        if (_underWay.Count == 1)
        {
            _timer.Change(_delay, Timeout.InfiniteTimeSpan);
        }
    }

    private void Deliver()
    {
        lock (_gate)
        {
            while (_underWay.TryPeek(out var next))
            {
                var left = next.Due - _time.GetTimestamp();
                if (left > 0)
                {
                    _timer.Change(TimeSpan.FromSeconds((double)left / _time.TimestampFrequency) + TimeSpan.FromTicks(1), Timeout.InfiniteTimeSpan);
                    break;
                }

                _underWay.Dequeue();
                if (next.Bytes.Length == 0)
                {
                    _target.Complete();
                    _timer.Dispose();
                    break;
                }

                _bytes -= next.Bytes.Length;
                next.Bytes.CopyTo(_target.GetMemory(next.Bytes.Length));
                _target.Advance(next.Bytes.Length);
            }

            if (!_completed || _underWay.Count > 0)
            {
                _ = FlushAsync();
            }

            _room.TrySetResult();
            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task FlushAsync()
    {
        try
        {
            // Not awaited by the line: what is under way is bounded already.
            var result = await _target.FlushAsync();
            _broken |= result.IsCompleted;
        }
        catch (InvalidOperationException)
        {
            _broken = true;
        }
    }
}
