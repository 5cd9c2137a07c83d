namespace Skein.Engine.Errors;

/// <summary>Why the engine could not start or load. Values are stable: never renumber.</summary>
public enum EngineError : byte
{
    /// <summary>The native libraries are not beside the program, or the system cannot load them.</summary>
    LibraryMissing = 1,

    /// <summary>The native libraries are another build than the one that the bindings were written for.</summary>
    LibraryMismatch = 2,

    /// <summary>The model file does not exist or cannot be opened.</summary>
    FileMissing = 3,

    /// <summary>llama.cpp refused the model file or the context; the message ends with what it logged.</summary>
    NativeRefused = 4,

    /// <summary>The file loaded but is not what was asked for: another width, another number of blocks, no vocabulary.</summary>
    WrongModel = 5,
}
