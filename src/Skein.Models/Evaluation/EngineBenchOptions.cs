using Skein.Engine.Lanes;

namespace Skein.Models.Evaluation;

/// <summary>What <see cref="EngineBench"/> measures.</summary>
public sealed record EngineBenchOptions
{
    /// <summary>Where to cut, ascending; null for three equal stages.</summary>
    public IReadOnlyList<int>? Cuts { get; init; }

    /// <summary>Tokens a run. 64 take half a second of a small model on a slow core.</summary>
    public int Tokens { get; init; } = 64;

    /// <summary>Runs of each, in turn: whole, chain, whole, chain. The median counts.</summary>
    public int Runs { get; init; } = 5;

    /// <summary>The threads that compute; null for the process's own.</summary>
    public ComputeLanes? Lanes { get; init; }
}
