using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Core.Text;

namespace Skein.Swarm.Coordination;

/// <summary>What a coordinator keeps of a model: both ends, and who it is. Everything belongs to the caller.</summary>
public sealed record ModelEdges
{
    /// <summary>Identity of the model; only stages of exactly this one are used.</summary>
    public required Sha256Digest Model { get; init; }

    /// <summary>Blocks between the edges: the chain must cover <c>[0, BlockCount)</c>.</summary>
    public required int BlockCount { get; init; }

    /// <summary>The most tokens that the model was made for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The start of the chain.</summary>
    public required ITokenEmbedding Embedding { get; init; }

    /// <summary>The end of the chain.</summary>
    public required IOutputHead Head { get; init; }

    /// <summary>Chooses tokens.</summary>
    public required ISamplerFactory Samplers { get; init; }

    /// <summary>Knows which tokens end a reply.</summary>
    public required ITokenizer Tokenizer { get; init; }
}
