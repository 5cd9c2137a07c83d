using Skein.Core.Hidden;
using Skein.Core.Stages;
using Skein.Engine.Edge;
using Skein.Engine.Stages;

namespace Skein.Models.Evaluation;

/// <summary>One sequence through a <see cref="LocalChain"/>. One caller at a time.</summary>
public sealed class ChainSequence : IAsyncDisposable
{
    private readonly EdgeStage _edge;

    internal ChainSequence(EdgeStage edge, IReadOnlyList<EngineSequence> stages)
    {
        _edge = edge;
        Stages = stages;
    }

    /// <summary>The sequence in each stage.</summary>
    public IReadOnlyList<EngineSequence> Stages { get; }

    /// <summary>Positions held.</summary>
    public int Length => Stages[0].Length;

    /// <summary>Sends tokens through the chain, up to the last block.</summary>
    /// <param name="tokens">They continue the sequence.</param>
    /// <param name="codec">What each hop does, to and from the coordinator included.</param>
    /// <param name="cancellationToken">Not safe midway: the sequence is poisoned.</param>
    /// <returns>Residual stream after the last block. The caller disposes it.</returns>
    public async Task<HiddenRows> RunBlocksAsync(ReadOnlyMemory<int> tokens, HopCodec codec, CancellationToken cancellationToken)
    {
        var rows = await _edge.EmbedAsync(tokens, cancellationToken);
        foreach (var stage in Stages)
        {
            using var input = rows;
            Hop(input, codec);
            rows = await stage.StepAsync(input, stage.Length, StepKind.Decode, cancellationToken);
        }

        Hop(rows, codec);
        return rows;
    }

    /// <summary>Sends tokens through the whole chain.</summary>
    /// <returns>Logits, [tokens, vocabulary]. The caller disposes it.</returns>
    /// <inheritdoc cref="RunBlocksAsync"/>
    public async Task<HiddenRows> ForwardAsync(ReadOnlyMemory<int> tokens, HopCodec codec, CancellationToken cancellationToken)
    {
        using var rows = await RunBlocksAsync(tokens, codec, cancellationToken);
        return await _edge.ComputeLogitsAsync(rows, cancellationToken);
    }

    /// <summary>Forgets everything.</summary>
    public async Task ClearAsync(CancellationToken cancellationToken)
    {
        foreach (var stage in Stages)
        {
            await stage.TruncateAsync(0, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var stage in Stages)
        {
            await stage.DisposeAsync();
        }
    }

    /// <summary>Does to rows what writing and reading them would do.</summary>
    internal static void Hop(HiddenRows rows, HopCodec codec)
    {
        if (codec == HopCodec.F16)
        {
            foreach (ref var value in rows.Span)
            {
                value = (float)(Half)value;
            }
        }
    }
}
