namespace Skein.Core.Stages;

/// <summary>Why a stage refused or failed. Values travel on the wire: never renumber.</summary>
public enum StageError : byte
{
    /// <summary>A defect in the stage; the message names it.</summary>
    Internal = 0,

    /// <summary>No KV tokens left for the reservation; retry when a session ends.</summary>
    KvBudgetExhausted = 1,

    /// <summary>Every sequence slot is taken; retry when a session ends.</summary>
    TooManySequences = 2,

    /// <summary>The sequence would grow past its reservation or past the model's context.</summary>
    SequenceFull = 3,

    /// <summary>Wrong width, no rows, or more rows than a step may carry.</summary>
    BadShape = 4,

    /// <summary>A position that does not continue the sequence.</summary>
    BadPosition = 5,

    /// <summary>A row holds NaN or infinity.</summary>
    NotFinite = 6,

    /// <summary>The queue of steps is full; the peer sends faster than the stage computes.</summary>
    Busy = 7,

    /// <summary>An earlier step was cancelled or failed while computing: the sequence can only be disposed.</summary>
    Poisoned = 8,

    /// <summary>The stage is shutting down.</summary>
    Closed = 9,

    /// <summary>The engine computed NaN or infinity, or reported a failure.</summary>
    ComputeFailed = 10,
}
