using Skein.Core.Stages;

namespace Skein.Engine.Stages;

/// <summary>Who has reserved how much of a stage's KV memory. Thread-safe.</summary>
internal sealed class KvLedger
{
    private readonly Lock _gate = new();
    private readonly Stack<int> _freeSlots;
    private readonly int _slots;
    private readonly int _budget;
    private int _reserved;

    /// <summary>Creates an empty ledger.</summary>
    public KvLedger(int budget, int slots)
    {
        _budget = budget;
        _slots = slots;
        _freeSlots = new Stack<int>(slots);
        for (var slot = slots - 1; slot >= 0; slot--)
        {
            _freeSlots.Push(slot);
        }
    }

    /// <summary>Tokens that nobody has reserved.</summary>
    public int Free
    {
        get
        {
            lock (_gate)
            {
                return _budget - _reserved;
            }
        }
    }

    /// <summary>Slots in use.</summary>
    public int Sequences
    {
        get
        {
            lock (_gate)
            {
                return _slots - _freeSlots.Count;
            }
        }
    }

    /// <summary>Reserves.</summary>
    /// <returns>The slot: the native sequence id.</returns>
    /// <exception cref="StageException">Nothing is left; nothing was reserved.</exception>
    public int Reserve(int tokens)
    {
        lock (_gate)
        {
            if (_freeSlots.Count == 0)
            {
                throw new StageException(StageError.TooManySequences, $"All {_slots} sequences of this stage are in use; retry when a session ends.");
            }

            if (tokens > _budget - _reserved)
            {
                throw new StageException(
                    StageError.KvBudgetExhausted,
                    $"The stage has {_budget - _reserved} of {_budget} KV tokens left and {tokens} were asked for; retry when a session ends.");
            }

            _reserved += tokens;
            return _freeSlots.Pop();
        }
    }

    /// <summary>Gives back what <see cref="Reserve"/> gave.</summary>
    public void Release(int slot, int tokens)
    {
        lock (_gate)
        {
            _reserved -= tokens;
            _freeSlots.Push(slot);
        }
    }
}
