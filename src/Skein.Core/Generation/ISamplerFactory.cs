namespace Skein.Core.Generation;

/// <summary>Makes samplers for one model. Thread-safe.</summary>
public interface ISamplerFactory
{
    /// <summary>Makes a sampler.</summary>
    /// <param name="options">How to choose.</param>
    /// <param name="prompt">Prompt tokens, which the repetition penalty sees; frequency and presence penalties count generated tokens only, as OpenAI defines them.</param>
    /// <exception cref="ArgumentException">An option is out of range or the grammar does not parse; the message says which and why.</exception>
    ISampler Create(SamplingOptions options, ReadOnlySpan<int> prompt);
}
