using Skein.Core.Errors;

namespace Skein.Gguf;

/// <summary>A GGUF file is malformed, beyond the limits, or lacks what is asked of it.</summary>
public sealed class GgufException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public GgufException(GgufError error, string message, Exception? inner = null)
        : base(ErrorCodes.From("gguf", error), message, inner)
    {
        Error = error;
    }

    /// <summary>What is wrong.</summary>
    public GgufError Error { get; }
}
