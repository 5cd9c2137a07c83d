using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>A line of limited rate in virtual time, and senders of bulk that share it: a step is a millisecond, as with real timers.</summary>
internal sealed class PacedLine
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private readonly List<Sender> _senders = [];
    private readonly List<TimeSpan> _queues = [];
    private readonly Random _chance = new(7);
    private TimeSpan _free;

    public PacedLine(double megabits, int roundTripMs, int senders = 1)
    {
        Megabits = megabits;
        RoundTrip = TimeSpan.FromMilliseconds(roundTripMs);
        for (var i = 0; i < senders; i++)
        {
            _senders.Add(new Sender());
        }
    }

    public double Megabits { get; set; }

    public TimeSpan RoundTrip { get; set; }

    /// <summary>Whether decode messages are about.</summary>
    public bool Urgent { get; set; } = true;

    /// <summary>Share of 1,400-byte segments that are lost, and hold up what is behind them for one to three round trips.</summary>
    public double Loss { get; set; }

    /// <summary>What the machines add to each marker's way, at most.</summary>
    public TimeSpan Noise { get; set; }

    /// <summary>Whether markers come back.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>Bytes that others have queued on the line at all times.</summary>
    public TimeSpan OthersQueue { get; set; }

    public TimeSpan Now { get; private set; }

    /// <summary>Longest time between two sends.</summary>
    public TimeSpan LongestGap { get; private set; }

    public BulkPacer Pacer(int sender) => _senders[sender].Pacer;

    /// <summary>Lets time pass.</summary>
    /// <returns>Share of the line's bytes that each sender had delivered meanwhile.</returns>
    public double[] Run(double seconds, Func<int, bool>? wants = null)
    {
        _queues.Clear();
        LongestGap = TimeSpan.Zero;
        var before = _senders.Select(sender => sender.Delivered).ToArray();
        var end = Now + TimeSpan.FromSeconds(seconds);
        foreach (var sender in _senders)
        {
            sender.LastSent = Now;
        }

        for (; Now < end; Now += Step)
        {
            foreach (var sender in _senders)
            {
                Return(sender);
            }

            // Whoever comes first differs from step to step.
            var first = _chance.Next(_senders.Count);
            for (var i = 0; i < _senders.Count; i++)
            {
                var index = (first + i) % _senders.Count;
                if (wants?.Invoke(index) ?? true)
                {
                    Send(_senders[index]);
                }
            }

            _queues.Add(_free > Now ? _free - Now : TimeSpan.Zero);
        }

        return [.. _senders.Select((sender, i) => (sender.Delivered - before[i]) * 8 / (Megabits * 1e6 * seconds))];
    }

    /// <summary>How long a message would have waited for the line, at that share of the moments of the last run.</summary>
    public TimeSpan QueueAt(double share)
    {
        _queues.Sort();
        return _queues[(int)(share * (_queues.Count - 1))];
    }

    private void Return(Sender sender)
    {
        while (sender.UnderWay.TryPeek(out var chunk) && chunk.Arrives <= Now)
        {
            sender.UnderWay.Dequeue();
            sender.Delivered += chunk.Bytes;
            if (chunk.Marker is { } id)
            {
                sender.Answers.Enqueue((id, Now + (RoundTrip / 2) + (Noise * _chance.NextDouble())));
            }
        }

        while (sender.Answers.TryPeek(out var answer) && answer.At <= Now)
        {
            sender.Answers.Dequeue();
            if (Answers)
            {
                sender.Pacer.OnMarkerReturned(Now, answer.Id);
            }
        }
    }

    private void Send(Sender sender)
    {
        for (var sent = 0; ; sent++)
        {
            var allowed = sender.Pacer.Allow(Now, Urgent);
            if (allowed == 0)
            {
                Assert.InRange(sender.Pacer.Wait, TimeSpan.FromTicks(1), BulkPacer.LongestWait);
                break;
            }

            // Without a limit the kernel's window bounds what is under way: here a tenth of a second beyond the line.
            if (!Urgent && _free - Now > TimeSpan.FromMilliseconds(100))
            {
                break;
            }

            Assert.True(sent < 100_000, "the pacer allows sending without an end");
            var bytes = Math.Min(allowed, 16 * 1024);
            uint? marker = sender.Pacer.OnSent(Now, bytes) ? ++sender.LastId : null;
            if (marker is { } id)
            {
                sender.Pacer.OnMarkerSent(Now, id);
            }

            LongestGap = Now - sender.LastSent > LongestGap ? Now - sender.LastSent : LongestGap;
            sender.LastSent = Now;
            _free = (_free > Now + OthersQueue ? _free : Now + OthersQueue) + TimeSpan.FromSeconds(bytes * 8 / (Megabits * 1e6));
            var arrives = _free + (RoundTrip / 2);
            for (var segments = 0; segments < bytes; segments += 1400)
            {
                if (Loss > 0 && _chance.NextDouble() < Loss)
                {
                    arrives += RoundTrip * (1 + (2 * _chance.NextDouble()));
                }
            }

            // In order, as TCP delivers.
            sender.LastArrival = arrives > sender.LastArrival ? arrives : sender.LastArrival;
            sender.UnderWay.Enqueue(new Chunk(bytes, sender.LastArrival, marker));
        }
    }

    private readonly record struct Chunk(int Bytes, TimeSpan Arrives, uint? Marker);

    private sealed class Sender
    {
        public BulkPacer Pacer { get; } = new();

        public Queue<Chunk> UnderWay { get; } = new();

        public Queue<(uint Id, TimeSpan At)> Answers { get; } = new();

        public TimeSpan LastArrival { get; set; }

        public TimeSpan LastSent { get; set; }

        public long Delivered { get; set; }

        public uint LastId { get; set; }
    }
}
