using Skein.Core.Errors;

namespace Skein.Lab.Errors;

/// <summary>A failure of the laboratory.</summary>
public sealed class LabException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="error">Which.</param>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public LabException(LabError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("lab", error), message, inner)
    {
        Error = error;
    }

    /// <summary>Which.</summary>
    public LabError Error { get; }
}
