using Skein.Core.Errors;

namespace Skein.Engine.Errors;

/// <summary>The engine could not start or could not load a model. Failures of a running stage are <see cref="Skein.Core.Stages.StageException"/>.</summary>
public sealed class EngineException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public EngineException(EngineError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("engine", error), message, inner)
    {
        Error = error;
    }

    /// <summary>Why.</summary>
    public EngineError Error { get; }
}
