namespace Skein.Swarm.Stages;

/// <summary>Where a session's end came from: that side need not be told.</summary>
internal enum FailureSource
{
    /// <summary>This stage: everybody is told.</summary>
    Here,

    /// <summary>The stage before.</summary>
    Upstream,

    /// <summary>The stage after.</summary>
    Downstream,

    /// <summary>The coordinator, or the connection to it.</summary>
    Owner,
}
