namespace Skein.Core.Stages;

/// <summary>What rows are for; it decides who goes first, never what is computed.</summary>
public enum StepKind : byte
{
    /// <summary>One row, or one row and its drafts, of a reply that somebody reads: goes first.</summary>
    Decode = 0,

    /// <summary>A chunk of a prompt: at most one chunk a batch, so that a long prompt never stalls other users.</summary>
    Prefill = 1,
}
