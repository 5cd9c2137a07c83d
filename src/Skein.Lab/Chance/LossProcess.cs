namespace Skein.Lab.Chance;

/// <summary>Decides packet by packet what a line loses: one by one, or in bursts (Gilbert's two-state model).</summary>
/// <remarks>
/// In the good state nothing is lost, in the bad one everything. The mean burst length fixes the way out of the bad state and the long-run share of lost packets the way in.
/// A burst of 1 gives independent losses. Not thread-safe.
/// </remarks>
internal sealed class LossProcess
{
    private readonly LabRandom _random;
    private readonly double _enter;
    private readonly double _leave;
    private bool _bad;

    /// <summary>Creates the process.</summary>
    /// <param name="share">Long-run share of lost packets, 0 to below 1.</param>
    /// <param name="burst">Mean number of packets lost in a row, at least 1. One means independent losses.</param>
    /// <param name="random">Where chance comes from.</param>
    public LossProcess(double share, double burst, LabRandom random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(share, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _random = random;

        // Independent losses are the case in which the state has no memory: enter = 1 - leave = share.
        _leave = burst == 1 ? 1 - share : 1 / burst;
        _enter = burst == 1 ? share : Math.Min(1, share * _leave / (1 - share));
    }

    /// <summary>Whether the next packet is lost.</summary>
    public bool LosesNext()
    {
        if (_enter == 0)
        {
            return false;
        }

        var draw = _random.NextDouble();
        _bad = _bad ? draw >= _leave : draw < _enter;
        return _bad;
    }
}
