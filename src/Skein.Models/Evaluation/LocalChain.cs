using Skein.Core.Identity;
using Skein.Engine.Edge;
using Skein.Engine.Stages;

namespace Skein.Models.Evaluation;

/// <summary>A model as a chain of stages in this process, without a network: for measuring. Thread-safe; its sequences are not.</summary>
public sealed class LocalChain : IAsyncDisposable
{
    private LocalChain(EdgeStage edge, IReadOnlyList<EngineStage> stages)
    {
        Edge = edge;
        Stages = stages;
    }

    /// <summary>Embedding and head.</summary>
    public EdgeStage Edge { get; }

    /// <summary>Stages, first blocks first.</summary>
    public IReadOnlyList<EngineStage> Stages { get; }

    /// <summary>Loads a chain.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cuts">Where to cut it, ascending; empty for one stage.</param>
    /// <param name="stageOptions">How each stage is hosted.</param>
    /// <param name="edgeOptions">How embedding and head are hosted.</param>
    /// <param name="cancellationToken">Safe: what was loaded is freed.</param>
    /// <exception cref="ArgumentException">The cuts are not of this model.</exception>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model or a file is refused.</exception>
    public static async Task<LocalChain> LoadAsync(ModelHandle model, IReadOnlyList<int> cuts, EngineStageOptions stageOptions, EdgeStageOptions edgeOptions, CancellationToken cancellationToken)
    {
        var edge = await model.LoadEdgeAsync(edgeOptions, cancellationToken);
        var stages = new List<EngineStage>();
        try
        {
            foreach (var span in BlockSpan.Cut(model.BlockCount, cuts))
            {
                stages.Add(await model.LoadStageAsync(span, stageOptions, cancellationToken));
            }

            return new LocalChain(edge, stages);
        }
        catch
        {
            await DisposeAllAsync(edge, stages);
            throw;
        }
    }

    /// <summary>Opens one sequence in every stage.</summary>
    /// <exception cref="Skein.Core.Stages.StageException">A stage has no room; nothing stays open.</exception>
    public async Task<ChainSequence> OpenAsync(int kvTokens, CancellationToken cancellationToken)
    {
        var sequences = new List<EngineSequence>();
        try
        {
            foreach (var stage in Stages)
            {
                sequences.Add((EngineSequence)await stage.OpenSequenceAsync(kvTokens, cancellationToken));
            }

            return new ChainSequence(Edge, sequences);
        }
        catch
        {
            foreach (var sequence in sequences)
            {
                await sequence.DisposeAsync();
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await DisposeAllAsync(Edge, Stages);

    private static async Task DisposeAllAsync(EdgeStage edge, IEnumerable<EngineStage> stages)
    {
        foreach (var stage in stages)
        {
            await stage.DisposeAsync();
        }

        await edge.DisposeAsync();
    }
}
