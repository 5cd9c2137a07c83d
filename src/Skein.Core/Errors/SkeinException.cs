namespace Skein.Core.Errors;

/// <summary>Base of every failure that Skein expects: it carries a code for programs and a sentence for people.</summary>
/// <remarks>
/// Each area has one subclass with an enum of its own (<c>GgufException</c>, <c>EngineException</c>, <c>ModelException</c>, <c>SwarmException</c>).
/// The message says what happened, to what, and what to do. It never carries prompt text.
/// </remarks>
public abstract class SkeinException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="code">Stable, dotted, lower case: <c>engine.kv_cache_full</c>.</param>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    protected SkeinException(string code, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
    }

    /// <summary>Stable code of the failure; part of the wire and of the API, so it never changes once released.</summary>
    public string Code { get; }
}
