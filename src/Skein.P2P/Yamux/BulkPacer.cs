namespace Skein.P2P.Yamux;

/// <summary>Keeps the bulk of one connection below what fills the line, while somebody waits for decode messages. Not thread-safe; knows no clock and no socket.</summary>
/// <remarks>
/// <para>Markers travel behind the data, and the other side returns them at once (session pings, so every Yamux peer does). A marker that is back says how much has
/// arrived, and its round trip over the shortest one is how long the queue on the way is.</para>
/// <para>While the queue is short, the rate grows by steps that grow themselves. Once it is longer than <see cref="LeastQueue"/> or an eighth of the way, the sender
/// pauses until the queue is empty, then goes on at 80 % of what arrived and looks for more only a second later. Senders that share a line back off together
/// and take equal steps after that, so their shares draw nearer to each other.</para>
/// <para>Nothing here waits for the other side without bound: whatever it does or leaves undone, <see cref="LeastRate"/> is sent. A peer that returns markers before the data
/// has arrived gets what it would get without a pacer.</para>
/// </remarks>
internal sealed class BulkPacer
{
    /// <summary>Bytes a second that are sent in any case: half of a poor uplink of 0.5 Mbit/s.</summary>
    public const int LeastRate = 32 * 1024;

    /// <summary>The smallest thing worth sending: what a TCP segment carries.</summary>
    public const int Segment = 1400;

    // Of the line, as the network's design asks: the rest empties the queue and lets decode messages through.
    private const double Share = 0.8;

    // The first step after a cut, in bytes more for each way there and back, and how each step grows over the one before, two in a round trip: 20 round trips from
    // 80 % to 100 % at 20 Mbit/s and 40 ms, 80 at 1 Gbit/s. The last steps are a per cent of the line or two, so the queue is seen before it is long.
    private const double LeastStep = Segment / 4.0;
    private const double StepGrowth = 1.03;

    // Before the line is known, and back to what it has borne of late.
    private const double FastGrowth = 1.25;

    // What TCP starts with, and so what any line must bear.
    private const int FirstSegments = 10;

    // One long queue may be a late thread.
    private const int RoundsToJudge = 2;

    // What a lost packet held up comes in one round and is missing in another.
    private const int MeasuredRounds = 3;

    // After so many cuts in a row that did not shorten the queue it is not ours, or the way has become longer.
    private const int VainCuts = 3;

    // What the line has borne counts for less after each cut, and for much less if it does not even bear the way back to that.
    private const double Fading = 0.9;
    private const double FastFading = 0.6;

    /// <summary>A queue that is shorter is noise: timers, schedulers and radio account for some milliseconds.</summary>
    public static readonly TimeSpan LeastQueue = TimeSpan.FromMilliseconds(8);

    /// <summary>The longest wait for leave to send a segment.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds((double)Segment / LeastRate);

    // Timers are no finer.
    private static readonly TimeSpan LeastWait = TimeSpan.FromMilliseconds(1);

    // A shorter round would hold too few markers.
    private static readonly TimeSpan LeastRound = TimeSpan.FromMilliseconds(20);

    // 200 answers a second at most, which nobody notices beside bulk.
    private static readonly TimeSpan LeastMarkerGap = TimeSpan.FromMilliseconds(5);

    // What is sent at once, and what a late timer may make up for.
    private static readonly TimeSpan Quantum = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(8);

    // More at once would hold up decode messages on a fast line too, and the muxer's frames are no larger.
    private const int LargestQuantum = 16 * 1024;

    // Between a cut and the search for more: the queue is empty for most of the time.
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(1);

    // What was measured longer ago says nothing about the line now.
    private static readonly TimeSpan MeasureAge = TimeSpan.FromSeconds(5);

    private readonly PaceMarkers _markers = new();
    private readonly Delivery[] _deliveries = new Delivery[MeasuredRounds];
    private ShortestTrip _shortest;
    private TimeSpan _shortestEver = TimeSpan.FromDays(1);
    private PaceRound _round;
    private TimeSpan _lastSent;

    // The way there and back when nothing is queued; a guess before the first marker is back.
    private TimeSpan _way = LeastRound;

    // Rates in bytes a second: over the last rounds, in the last one, and the most that went without a queue of late.
    private int _rounds;
    private double _measured;
    private double _measuredLast;
    private double _best;
    private TimeSpan _measuredAt;

    private TimeSpan _shortestBefore;
    private int _quietRounds;
    private int _longRounds;
    private int _cuts;
    private TimeSpan _firstCutShortest;
    private double _firstCutRate;

    private bool _paced;
    private bool _lineIsKnown;
    private bool _heldBack;
    private bool _isDraining;
    private long _drainedAt;
    private double _step;
    private double _credit;
    private TimeSpan _creditAt;
    private TimeSpan _holdUntil;
    private TimeSpan _ignoreSentBefore;

    /// <summary>Bytes a second that are sent at most while decode messages are about.</summary>
    public double Rate { get; private set; }

    /// <summary>After <see cref="Allow"/> allowed nothing: how long until it is worth asking again, unless a marker comes back before. At most <see cref="LongestWait"/>.</summary>
    public TimeSpan Wait { get; private set; }

    private TimeSpan Tolerated => Longer(LeastQueue, _way / 8);

    private TimeSpan RoundLength => Longer(LeastRound, _way / 2);

    /// <summary>How much bulk may be sent now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="urgent">Whether decode messages share the uplink; if not, there is no limit.</param>
    /// <returns>Bytes; <see cref="int.MaxValue"/> without a limit; 0 if nothing, then <see cref="Wait"/> says for how long.</returns>
    public int Allow(TimeSpan now, bool urgent)
    {
        if (!urgent)
        {
            _paced = _isDraining = false;
            return int.MaxValue;
        }

        if (!_paced)
        {
            StartPacing(now);
        }

        _credit = Math.Min(_credit + (Rate * (now - _creditAt).TotalSeconds), Math.Max(2 * Segment, Rate * Burst.TotalSeconds));
        _creditAt = now;
        var worthwhile = Math.Clamp(Rate * Quantum.TotalSeconds, Segment, LargestQuantum);

        // Twice the way: a lost packet is repaired meanwhile, and the sender goes on.
        var tooMuch = _isDraining || _markers.UnderWay > (Rate * 2 * (_way + Tolerated).TotalSeconds) + (2 * worthwhile);
        if (!tooMuch && _credit >= worthwhile)
        {
            return (int)Math.Min(_credit, int.MaxValue - 1);
        }

        _heldBack = true;
        var overdue = _lastSent + LongestWait - now;
        if (overdue <= TimeSpan.Zero)
        {
            return Segment;
        }

        var due = tooMuch ? overdue : TimeSpan.FromSeconds(Math.Min((worthwhile - _credit) / Rate, overdue.TotalSeconds));
        Wait = Longer(LeastWait, due);
        return 0;
    }

    /// <summary>Bulk was sent.</summary>
    /// <returns>Whether a marker shall follow it: then <see cref="OnMarkerSent"/>.</returns>
    public bool OnSent(TimeSpan now, int bytes)
    {
        if (!_markers.Any && now - _lastSent > _way + Tolerated)
        {
            // A round across a pause of the sender would measure the pause.
            _markers.Settle();
            _isDraining = false;
            _round = default;
        }

        _markers.Add(bytes);
        _lastSent = now;
        _credit -= bytes;
        return _markers.HasRoom && (_markers.Last is not { } last || now - last >= Longer(LeastMarkerGap, _way / 8));
    }

    /// <summary>A marker was sent behind everything so far.</summary>
    public void OnMarkerSent(TimeSpan now, uint id) => _markers.Mark(now, id);

    /// <summary>A marker came back; one that is not known is ignored.</summary>
    public void OnMarkerReturned(TimeSpan now, uint id)
    {
        if (_markers.Take(id) is not { } sentAt)
        {
            return;
        }

        if (_isDraining && _markers.Arrived >= _drainedAt)
        {
            EndDrain(now);
        }

        if (!_round.IsOpen || _isDraining || sentAt < _ignoreSentBefore)
        {
            // Nothing to measure from, or it has seen a queue that was dealt with.
            StartRound(now);
            return;
        }

        OnRoundTrip(now, now - sentAt);
        if (_round.IsWhole(now, RoundLength))
        {
            EndRound(now);
        }

        _round.Add(now, now - sentAt);
    }

    /// <summary>A ping on the same connection took so long.</summary>
    public void OnRoundTrip(TimeSpan now, TimeSpan roundTrip)
    {
        if (_isDraining)
        {
            return;
        }

        // A peer that answers sooner is beside us: no window is computed from less.
        _shortest.Add(now, roundTrip);
        _shortestEver = roundTrip < _shortestEver ? roundTrip : _shortestEver;
        var way = Longer(_shortest.Value ?? _way, LeastWait);
        if (_paced && _lineIsKnown && way > _way + (Tolerated / 2))
        {
            // For ten seconds nothing has been as fast as before: the way may have become longer, or the queue was never empty.
            DrainToMeasureTheWay();
        }

        _way = way;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void StartRound(TimeSpan now)
    {
        _round = PaceRound.Begin(now, _markers.Arrived);
        _heldBack = false;
    }

    private void EndRound(TimeSpan now)
    {
        MeasureRate(now);
        var queue = _round.Shortest - _way;
        if (queue <= Tolerated)
        {
            _quietRounds++;
            _longRounds = _cuts = 0;
            _best = Math.Max(_best, _paced ? Math.Min(_measured, Rate) : _measured);
            if (_paced && _heldBack)
            {
                SpeedUp(now);
            }
        }
        else
        {
            _quietRounds = 0;
            _longRounds++;

            // One that has begun to shrink is left to do so.
            if (_paced && _longRounds >= RoundsToJudge && (_cuts == 0 || _round.Shortest > _shortestBefore - (Tolerated / 4)))
            {
                Cut(now);
            }
        }

        _shortestBefore = _round.Shortest;
        StartRound(now);
    }

    private void MeasureRate(TimeSpan now)
    {
        var last = _round.Measure(now, _markers.Arrived);
        _deliveries[_rounds++ % MeasuredRounds] = last;
        var sum = default(Delivery);
        for (var i = 0; i < Math.Min(_rounds, MeasuredRounds); i++)
        {
            sum += _deliveries[i];
        }

        _measuredLast = last.Rate;
        _measured = sum.Rate;
        _measuredAt = now;
    }

    // The pacer held the sender back for a round, and there was no queue.
    private void SpeedUp(TimeSpan now)
    {
        var step = _step / Longer(LeastRound, _way).TotalSeconds;
        if (!_lineIsKnown)
        {
            Rate += Math.Max(step, (FastGrowth - 1) * Rate);
            _step *= FastGrowth;
        }
        else if (Rate < Share * _best)
        {
            Rate = _quietRounds < RoundsToJudge ? Rate : Math.Min(Share * _best, FastGrowth * Rate);
        }
        else if (now >= _holdUntil)
        {
            Rate += step;
            _step *= StepGrowth;
        }
    }

    private void Cut(TimeSpan now)
    {
        _cuts++;
        if (_cuts == 1)
        {
            _firstCutShortest = _round.Shortest;
            _firstCutRate = Rate;
        }
        else if (_cuts > VainCuts && _round.Shortest > _firstCutShortest - (Tolerated / 2))
        {
            _cuts = 0;
            DrainToMeasureTheWay();
            return;
        }

        // What a repair releases at once is no rate of the line: it bears no more than was sent.
        SlowDown(now, Math.Min(Math.Max(_measured, _measuredLast), _firstCutRate));
    }

    private void SlowDown(TimeSpan now, double line)
    {
        Rate = Math.Max(LeastRate, Share * line);
        _best = Math.Max((_firstCutRate < Share * _best ? FastFading : Fading) * _best, line);
        _lineIsKnown = true;
        _step = LeastStep;
        _rounds = _longRounds = 0;
        _holdUntil = now + Hold;

        // What is believed of the way may hold a queue that was never empty: then this empties it.
        Drain(_way > _shortestEver + (Tolerated / 2) ? 0 : Rate * _way.TotalSeconds);
    }

    // Sends next to nothing until so little of what was sent before is under way. What others have queued is not waited for.
    private void Drain(double underWay)
    {
        _isDraining = true;
        _drainedAt = _markers.Sent - (long)underWay;
    }

    private void DrainToMeasureTheWay()
    {
        _shortest.Forget();
        Drain(0);
    }

    private void EndDrain(TimeSpan now)
    {
        _isDraining = false;
        _ignoreSentBefore = now;
        _credit = Math.Min(_credit, 2 * Segment);
        _creditAt = now;
    }

    // The first decode message for some time: until now bulk ran free.
    private void StartPacing(TimeSpan now)
    {
        _paced = true;
        _longRounds = _cuts = 0;
        _credit = 2 * Segment;
        _creditAt = now;
        var isFresh = _measured > 0 && now - _measuredAt <= MeasureAge;
        if (isFresh && _markers.UnderWay > _measured * (_way + Tolerated).TotalSeconds)
        {
            SlowDown(now, _measured);
        }
        else if (!_lineIsKnown)
        {
            // Nothing has filled it yet.
            _step = FirstSegments * Segment;
            _holdUntil = now;
            Rate = Math.Max(Math.Max(LeastRate, _step / _way.TotalSeconds), isFresh ? Share * _measured : 0);
        }
    }
}
