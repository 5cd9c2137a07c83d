using Skein.Core.Errors;

namespace Skein.Models;

/// <summary>A model cannot be found, trusted, cut or stored.</summary>
public sealed class ModelException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public ModelException(ModelError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("model", error), message, inner)
    {
        Error = error;
    }

    /// <summary>What is wrong.</summary>
    public ModelError Error { get; }
}
