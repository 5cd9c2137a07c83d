namespace Skein.Engine.Loading;

/// <summary>How a batch ended.</summary>
internal enum DecodeOutcome
{
    /// <summary>Every row was computed.</summary>
    Computed,

    /// <summary>It was aborted; the context holds none of its rows.</summary>
    Aborted,

    /// <summary>No KV cells were left for it; nothing was computed.</summary>
    NoCells,

    /// <summary>llama.cpp reported a failure; what the context holds of its sequences is not to be used.</summary>
    Failed,
}
