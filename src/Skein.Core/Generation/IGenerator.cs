namespace Skein.Core.Generation;

/// <summary>Produces replies of one model: the coordinator over a chain of stages, or a stand-in in tests. Thread-safe.</summary>
public interface IGenerator
{
    /// <summary>The most tokens that prompt and reply may have together.</summary>
    int ContextLength { get; }

    /// <summary>Whether a complete chain of stages answers at this moment; the reason if not.</summary>
    GeneratorReadiness Readiness { get; }

    /// <summary>Produces a reply, token by token.</summary>
    /// <param name="request">What to produce.</param>
    /// <param name="report">Filled while the reply runs, complete when the enumeration ends; null if nobody asks.</param>
    /// <param name="cancellationToken">Stops the work in every stage and frees its KV memory.</param>
    /// <returns>At most <see cref="GenerationRequest.MaxTokens"/> tokens; the last one has <see cref="GeneratedToken.IsEnd"/> if the model ended the reply itself. Ending the enumeration early stops the work.</returns>
    /// <exception cref="Errors.SkeinException">The reply could not be finished: what was produced so far is truncated, and must be reported as an error.</exception>
    /// <exception cref="ArgumentException">The request does not fit the context or is malformed.</exception>
    IAsyncEnumerable<GeneratedToken> GenerateAsync(GenerationRequest request, GenerationReport? report, CancellationToken cancellationToken);
}
