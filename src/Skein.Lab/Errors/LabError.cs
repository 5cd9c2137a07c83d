namespace Skein.Lab.Errors;

/// <summary>What can go wrong in the laboratory.</summary>
public enum LabError
{
    /// <summary>The machine lacks something: root, a tool, a kernel feature.</summary>
    Requirement = 1,

    /// <summary>A scenario or a topology has faults.</summary>
    Scenario = 2,

    /// <summary>A system tool refused what it was asked.</summary>
    Tool = 3,

    /// <summary>There is no host, process or laboratory of that name.</summary>
    Unknown = 4,

    /// <summary>A process inside did not do in time what it was waited for.</summary>
    Process = 5,

    /// <summary>Something could not be taken away again.</summary>
    CleanUp = 6,
}
