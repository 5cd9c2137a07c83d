namespace Skein.Cli.Demo;

/// <summary>What to demonstrate.</summary>
internal sealed record DemoOptions
{
    /// <summary>A name in the store or a GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary>Node processes.</summary>
    public required int Nodes { get; init; }

    /// <summary>The gateway's port; 0 takes any free one.</summary>
    public required int Port { get; init; }

    /// <summary>Compute threads per node; null lets the nodes share the machine.</summary>
    public int? Threads { get; init; }

    /// <summary>The line that every peer pretends to have.</summary>
    public required LineOptions Line { get; init; }
}
