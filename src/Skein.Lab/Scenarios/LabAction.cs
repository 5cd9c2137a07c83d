namespace Skein.Lab.Scenarios;

/// <summary>What can be done to a laboratory while it runs.</summary>
public enum LabAction
{
    /// <summary>Cut the line of two hosts, or all lines of one.</summary>
    Cut = 1,

    /// <summary>Mend them: no longer cut, and as they were at the start.</summary>
    Heal = 2,

    /// <summary>Change what the line of two hosts does, or all lines of one.</summary>
    Slow = 3,

    /// <summary>Kill the processes of a host, as a power cut does.</summary>
    Kill = 4,

    /// <summary>Stop the processes of a host in their tracks: connections stay, nothing answers.</summary>
    Freeze = 5,

    /// <summary>Let them go on.</summary>
    Thaw = 6,

    /// <summary>Start the process of a host, again or for the first time.</summary>
    Start = 7,
}
