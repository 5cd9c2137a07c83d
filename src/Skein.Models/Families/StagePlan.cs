using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>How the family rules of a model turn a span into files. Immutable.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Parts">Files in order; together they are the span. One, or two where a span starts inside a period of sliding windows.</param>
/// <param name="RowScale">What rows are multiplied by before each part.</param>
public sealed record StagePlan(BlockSpan Span, IReadOnlyList<StagePlanPart> Parts, float RowScale)
{
    /// <summary>Plans the stage of a span.</summary>
    /// <param name="metadata">Of the whole model.</param>
    /// <param name="span">Blocks to host.</param>
    /// <exception cref="ModelException"><see cref="ModelError.BadSpan"/>, or the model is not supported.</exception>
    public static StagePlan ForSpan(GgufMetadata metadata, BlockSpan span)
    {
        var rules = ModelFamilies.Get(metadata);
        var shape = ModelShape.Read(metadata);
        if (!span.IsWithin(shape.BlockCount))
        {
            throw new ModelException(ModelError.BadSpan, $"The model has blocks 0 to {shape.BlockCount - 1}; [{span.First}, {span.End}) is not a span of them.");
        }

        if (span.First % rules.CutMultiple != 0 || (span.End % rules.CutMultiple != 0 && span.End != shape.BlockCount))
        {
            throw new ModelException(ModelError.BadSpan, $"{rules.Architecture} models are cut at multiples of {rules.CutMultiple} only; {span} is not such a span.");
        }

        var parts = Split(rules, metadata, span).Select(part => new StagePlanPart(part.Span, ToSliceRules(rules, part.Period)));
        return new StagePlan(span, [.. parts], RowScaleOf(rules, shape));
    }

    /// <summary>Plans the edge: embedding and head.</summary>
    /// <param name="metadata">Of the whole model, tokenizer included or not.</param>
    /// <returns>Rules for the embedding and, if they differ, for the head; and what rows are multiplied by before the head.</returns>
    /// <exception cref="ModelException">The model is not supported.</exception>
    public static (SliceRules Embedding, SliceRules Head, float HeadRowScale) ForEdge(GgufMetadata metadata)
    {
        var rules = ModelFamilies.Get(metadata);
        var head = rules.RowInputKeys.Count == 0 ? SliceRules.None : ToSliceRules(rules, period: null) with { NeedsOutputTensor = false };
        return (SliceRules.None, head, RowScaleOf(rules, ModelShape.Read(metadata)));
    }

    private static float RowScaleOf(FamilyRules rules, ModelShape shape)
        => rules.RowScaling == RowScaling.InverseSqrtWidth ? 1f / MathF.Sqrt(shape.Width) : 1f;

    /// <summary>Cuts a span where one period cannot describe it.</summary>
    private static IEnumerable<(BlockSpan Span, int? Period)> Split(FamilyRules rules, GgufMetadata metadata, BlockSpan span)
    {
        if (ModelFamilies.PeriodOf(rules, metadata) is not { } period)
        {
            return [(span, null)];
        }

        // Blocks up to and including the next full one. Inside the part, that many is the period: its last block is full.
        var untilFull = period - (span.First % period);
        if (untilFull == period)
        {
            return [(span, period)];
        }

        // A period of that length stays right until it would make the next block full too early.
        if (span.Count < 2 * untilFull)
        {
            return [(span, untilFull)];
        }

        var boundary = span.First + untilFull;
        return [(new BlockSpan(span.First, boundary), untilFull), (new BlockSpan(boundary, span.End), period)];
    }

    private static SliceRules ToSliceRules(FamilyRules rules, int? period)
    {
        var keys = rules.RowInputKeys.Select(entry => KeyValuePair.Create($"{rules.Architecture}.{entry.Key}", entry.Value)).ToList();
        if (period == 1)
        {
            keys.AddRange(rules.SlidingWindow!.FullBlockKeys.Select(entry => KeyValuePair.Create($"{rules.Architecture}.{entry.Key}", entry.Value)));
        }
        else if (period is { } blocks)
        {
            keys.Add(KeyValuePair.Create($"{rules.Architecture}.{SlidingWindowRule.PatternKey}", GgufValue.UInt32((uint)blocks)));
        }

        return new SliceRules { Metadata = keys, NeedsOutputTensor = rules.NeedsOutputTensor };
    }
}
