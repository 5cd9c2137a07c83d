using Skein.Core.Stages;

namespace Skein.Engine.Kv;

/// <summary>Who has reserved how much of a stage's KV memory, in whole pages. Thread-safe.</summary>
internal sealed class KvLedger
{
    private readonly Lock _gate = new();
    private readonly Stack<int> _freeSlots;
    private readonly int _slots;
    private readonly int _pages;
    private readonly int _pageSize;
    private int _reserved;

    /// <summary>Creates an empty ledger.</summary>
    public KvLedger(int pages, int pageSize, int slots)
    {
        _pages = pages;
        _pageSize = pageSize;
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
                return (_pages - _reserved) * _pageSize;
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

            var pages = PagesFor(tokens);
            if (pages > _pages - _reserved)
            {
                throw new StageException(
                    StageError.KvBudgetExhausted,
                    $"The stage has {(_pages - _reserved) * _pageSize} of {_pages * _pageSize} KV tokens left and {tokens} were asked for; retry when a session ends.");
            }

            _reserved += pages;
            return _freeSlots.Pop();
        }
    }

    /// <summary>Gives back what <see cref="Reserve"/> gave.</summary>
    public void Release(int slot, int tokens)
    {
        lock (_gate)
        {
            _reserved -= PagesFor(tokens);
            _freeSlots.Push(slot);
        }
    }

    private int PagesFor(int tokens) => (tokens + _pageSize - 1) / _pageSize;
}
