namespace Skein.Engine.Library;

/// <summary>Severity of a line that llama.cpp logged.</summary>
public enum EngineLogLevel
{
    /// <summary>For those who debug the engine.</summary>
    Debug = 1,

    /// <summary>What llama.cpp tells on loading.</summary>
    Information = 2,

    /// <summary>Something is unusual.</summary>
    Warning = 3,

    /// <summary>Something failed; the call that caused it reports it too.</summary>
    Error = 4,
}
