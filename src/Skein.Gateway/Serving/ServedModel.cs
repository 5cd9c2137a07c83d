using Skein.Core.Generation;
using Skein.Core.Text;

namespace Skein.Gateway.Serving;

/// <summary>One model as clients see it. Immutable; what it refers to is thread-safe.</summary>
/// <param name="Name">What clients write as <c>model</c>.</param>
/// <param name="Generator">Produces replies; borrowed, the owner outlives the gateway.</param>
/// <param name="Tokenizer">The model's vocabulary.</param>
/// <param name="ChatPrompt">The model's chat template; null if it has none: then only completions are served.</param>
/// <param name="Created">When the model began to be served.</param>
public sealed record ServedModel(string Name, IGenerator Generator, ITokenizer Tokenizer, IChatPrompt? ChatPrompt, DateTimeOffset Created)
{
    /// <summary>Keeps what users write from being read as control tokens.</summary>
    internal ControlMarks Marks { get; } = new(Tokenizer);

    /// <summary>The most tokens that prompt and reply may have together.</summary>
    public int ContextLength => Generator.ContextLength;
}
