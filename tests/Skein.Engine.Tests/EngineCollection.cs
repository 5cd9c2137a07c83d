namespace Skein.Engine.Tests;

/// <summary>Tests that compute: one at a time, because each uses all processors and some measure.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EngineCollection
{
    public const string Name = "engine";
}
