using Skein.Core.Errors;

namespace Skein.Core.Stages;

/// <summary>A stage refused or failed a call.</summary>
public sealed class StageException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public StageException(StageError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("stage", error), message, inner)
    {
        Error = error;
    }

    /// <summary>Why.</summary>
    public StageError Error { get; }
}
