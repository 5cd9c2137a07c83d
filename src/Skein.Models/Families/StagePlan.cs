using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>How the family rules of a model turn a span into files. Immutable.</summary>
/// <param name="Span">Blocks of the whole model.</param>
/// <param name="Parts">Files in order; together they are the span. One, or two where a span starts inside a period of sliding windows.</param>
/// <param name="RowScale">What rows are multiplied by before each part.</param>
public sealed record StagePlan(BlockSpan Span, IReadOnlyList<StagePlanPart> Parts, float RowScale)
{
    /// <summary>Whether a chain of such stages gives the whole model's bits: scaling by a power of two and back loses nothing, by any other number it rounds once a part.</summary>
    public bool IsExact => float.IsPow2(RowScale);

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

        var multiple = rules.SlidingWindow is { CutsAtPeriodsOnly: true } ? ModelFamilies.PeriodOf(rules, metadata) ?? 1 : rules.CutMultiple;
        if (span.First % multiple != 0 || (span.End % multiple != 0 && span.End != shape.BlockCount))
        {
            throw new ModelException(ModelError.BadSpan, $"{rules.Architecture} models are cut at multiples of {multiple} only; {span} is not such a span.");
        }

        var parts = Split(rules, metadata, span).Select(part => new StagePlanPart(part.Span, ToSliceRules(rules, metadata, part.Span, part.Period)));
        return new StagePlan(span, [.. parts], RowScaleOf(rules, shape));
    }

    /// <summary>Plans the edge: embedding and head.</summary>
    /// <param name="metadata">Of the whole model, tokenizer included or not.</param>
    /// <returns>Rules for the embedding and for the head, the same object if one file does both; and what rows are multiplied by before the head.</returns>
    /// <exception cref="ModelException">The model is not supported.</exception>
    public static (SliceRules Embedding, SliceRules Head, float HeadRowScale) ForEdge(GgufMetadata metadata)
    {
        var rules = ModelFamilies.Get(metadata);
        var embedding = new SliceRules { Metadata = [.. MissingKeys(rules, metadata)], KeepsHeads = rules.AttentionIsAsWideAsRows };
        var head = rules.RowInputKeys.Count == 0 ? embedding : embedding with { Metadata = [.. embedding.Metadata, .. Prefixed(rules, rules.RowInputKeys)] };
        return (embedding, head, RowScaleOf(rules, ModelShape.Read(metadata)));
    }

    private static float RowScaleOf(FamilyRules rules, ModelShape shape)
        => rules.RowScaling == RowScaling.InverseSqrtWidth ? 1f / MathF.Sqrt(shape.Width) : 1f;

    /// <summary>Cuts a span where one file cannot describe it.</summary>
    private static IEnumerable<(BlockSpan Span, int? Period)> Split(FamilyRules rules, GgufMetadata metadata, BlockSpan span)
    {
        if (ModelFamilies.PeriodOf(rules, metadata) is not { } period)
        {
            return rules.SplitBlockCounts.Contains(span.Count)
                ? [(new BlockSpan(span.First, span.First + (span.Count / 2)), null), (new BlockSpan(span.First + (span.Count / 2), span.End), null)]
                : [(span, null)];
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

    private static SliceRules ToSliceRules(FamilyRules rules, GgufMetadata metadata, BlockSpan span, int? period)
    {
        List<KeyValuePair<string, GgufValue>> keys = [.. MissingKeys(rules, metadata), .. Prefixed(rules, rules.RowInputKeys)];
        if (period == 1)
        {
            keys.AddRange(Prefixed(rules, rules.SlidingWindow!.FullBlockKeys));
        }
        else if (period is { } blocks)
        {
            keys.Add(KeyValuePair.Create($"{rules.Architecture}.{SlidingWindowRule.PatternKey}", GgufValue.UInt32((uint)blocks)));
        }

        var leadingDense = $"{rules.Architecture}.{FamilyRules.LeadingDenseKey}";
        if (rules.HasLeadingDenseBlocks && metadata.TryGetUInt32(leadingDense, out var dense))
        {
            keys.Add(KeyValuePair.Create(leadingDense, GgufValue.UInt32((uint)Math.Max(0, dense - span.First))));
        }

        return new SliceRules { Metadata = keys, NeedsOutputTensor = rules.NeedsOutputTensor };
    }

    private static IEnumerable<KeyValuePair<string, GgufValue>> MissingKeys(FamilyRules rules, GgufMetadata metadata)
        => Prefixed(rules, rules.MissingKeys).Where(entry => !metadata.Contains(entry.Key));

    private static IEnumerable<KeyValuePair<string, GgufValue>> Prefixed(FamilyRules rules, IReadOnlyDictionary<string, GgufValue> keys)
        => keys.Select(entry => KeyValuePair.Create($"{rules.Architecture}.{entry.Key}", entry.Value));
}
