using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Every architecture that is known, with its rules: the one place where families differ.</summary>
/// <remarks>Mistral and Mixtral files call themselves <c>llama</c>.</remarks>
public static class ModelFamilies
{
    private const string PerLayerInputs = "later blocks need the token ids, which stages do not have";
    private const string NoRowsIn = "the engine takes rows for a picture there and ends the process";
    private const string RecurrentState = "blocks keep a recurrent state that cannot be rolled back token by token";
    private const string MultiTokenPrediction = "the model carries extra prediction blocks that are counted among its own; use a file without them";

    private static readonly Dictionary<string, string> NoPredictionBlocks = new(StringComparer.Ordinal) { ["nextn_predict_layers"] = MultiTokenPrediction };
    private static readonly Dictionary<string, GgufValue> UnitEmbeddingScale = new(StringComparer.Ordinal) { ["embedding_scale"] = GgufValue.Float32(1f) };

    private static readonly Dictionary<string, string> ImagesInTheMiddle = new(StringComparer.Ordinal) { ["deepstack_mapping"] = "images enter in the middle of the model" };

    // Gemma 2 always has a window, and the same rotation in both kinds of block: a window that no context reaches the end of is full attention.
    private static readonly Dictionary<string, GgufValue> EndlessWindow = new(StringComparer.Ordinal)
    {
        [SlidingWindowRule.WindowKey] = GgufValue.UInt32(1 << 30),
        [SlidingWindowRule.PatternKey] = GgufValue.UInt32(0),
    };

    private static readonly FrozenDictionary<string, FamilyRules> ByArchitecture = new FamilyRules[]
    {
        new() { Architecture = "llama" },
        new() { Architecture = "qwen2" },
        new() { Architecture = "qwen2moe", NeedsOutputTensor = true, AttentionIsAsWideAsRows = true },
        new() { Architecture = "qwen3" },
        new() { Architecture = "qwen3moe" },
        new() { Architecture = "olmo2", NeedsOutputTensor = true, SlidingWindow = new SlidingWindowRule(4, Optional: true) },
        new() { Architecture = "olmoe", NeedsOutputTensor = true },
        new() { Architecture = "phi3" },
        new() { Architecture = "seed_oss" },
        new() { Architecture = "granite", RowInputKeys = UnitEmbeddingScale, RefusedKeys = ImagesInTheMiddle },
        new() { Architecture = "granitemoe", RowInputKeys = UnitEmbeddingScale },

        // Every fourth block does without rotation, and no key says which.
        new() { Architecture = "smollm3", CutMultiple = 4 },

        // Full blocks do without rotation: a file of full blocks alone cannot be had by an endless window.
        new() { Architecture = "cohere2", AttentionIsAsWideAsRows = true, SlidingWindow = new SlidingWindowRule(4) { CutsAtPeriodsOnly = true } },
        new() { Architecture = "gpt-oss", NeedsOutputTensor = true, SlidingWindow = new SlidingWindowRule(2) { FullBlockKeys = EndlessWindow } },
        new()
        {
            Architecture = "deepseek2",
            HasLeadingDenseBlocks = true,

            // The loader knows a "lite" model, which has no low-rank query, by 26 or 27 blocks; others say their rank.
            MissingKeys = new Dictionary<string, GgufValue>(StringComparer.Ordinal) { ["attention.q_lora_rank"] = GgufValue.UInt32(0) },
            SplitBlockCounts = new HashSet<int> { 26, 27 },
            RefusedBlockCounts = new Dictionary<int, string>
            {
                [47] = "the loader guesses the router's function from the number of blocks, which a span does not have",
                [48] = "the loader guesses the router's function from the number of blocks, which a span does not have",
            },
        },
        new() { Architecture = "gemma", RowScaling = RowScaling.InverseSqrtWidth },
        new()
        {
            Architecture = "gemma2",
            SlidingWindow = new SlidingWindowRule(2) { FullBlockKeys = EndlessWindow },
            RowScaling = RowScaling.InverseSqrtWidth,
            RefusedBlockCounts = new Dictionary<int, string> { [46] = "Gemma 2 27B scales attention by a rule that the loader takes from the number of blocks, which a span does not have" },
        },
        new()
        {
            Architecture = "gemma3",
            SlidingWindow = new SlidingWindowRule(6, Optional: true),
            RefusedBlockCounts = new Dictionary<int, string> { [62] = "Gemma 3 27B scales attention by a rule that the loader takes from the number of blocks, which a span does not have" },
        },

        Refused("gemma3n", PerLayerInputs),
        Refused("gemma4", PerLayerInputs),
        Refused("glm4", NoRowsIn),
        Refused("glm4moe", NoRowsIn),
        Refused("rwkv6", RecurrentState),
        Refused("rwkv6qwen2", RecurrentState),
        Refused("rwkv7", "later blocks need a value that only the first block computes"),
        Refused("arwkv7", "later blocks need a value that only the first block computes"),
        Refused("mamba", RecurrentState),
        Refused("mamba2", RecurrentState),
        Refused("jamba", RecurrentState),
        Refused("falcon-h1", RecurrentState),
        Refused("granitehybrid", RecurrentState),
        Refused("nemotron_h", RecurrentState),
        Refused("qwen3next", RecurrentState),
        Refused("qwen35", RecurrentState),
        Refused("qwen35moe", RecurrentState),
        Refused("lfm2", RecurrentState),
        Refused("lfm2moe", RecurrentState),
        Refused("kimi-linear", RecurrentState),
        Refused("plamo2", RecurrentState),
        Refused("bert", "it is an encoder: it does not write text"),
        Refused("nomic-bert", "it is an encoder: it does not write text"),
        Refused("t5", "it has an encoder beside the decoder"),
        Refused("clip", "it is a part of another model"),
    }.ToFrozenDictionary(rules => rules.Architecture, StringComparer.Ordinal);

    /// <summary>All rules, refusals included.</summary>
    public static IReadOnlyCollection<FamilyRules> All => ByArchitecture.Values;

    /// <summary>The rules of an architecture, if any are known; they may be a refusal.</summary>
    public static bool TryGet(string architecture, [NotNullWhen(true)] out FamilyRules? rules) => ByArchitecture.TryGetValue(architecture, out rules);

    /// <summary>The rules by which a model can be cut.</summary>
    /// <param name="metadata">Of the whole model.</param>
    /// <exception cref="ModelException"><see cref="ModelError.UnsupportedArchitecture"/> or <see cref="ModelError.UnsupportedModel"/>: it cannot be cut rightly; the message says why.</exception>
    public static FamilyRules Get(GgufMetadata metadata)
    {
        var shape = ModelShape.Read(metadata);
        if (!TryGet(shape.Architecture, out var rules))
        {
            throw new ModelException(
                ModelError.UnsupportedArchitecture,
                $"The architecture {shape.Architecture} is unknown to this version: nobody has shown that a chain of its blocks computes what the whole model does. Known are: {Names()}.");
        }

        if (rules.Refusal is not null)
        {
            throw new ModelException(ModelError.UnsupportedArchitecture, $"{shape.Architecture} models cannot be split over machines yet: {rules.Refusal}.");
        }

        if (rules.RefusedBlockCounts.TryGetValue(shape.BlockCount, out var reason))
        {
            throw new ModelException(ModelError.UnsupportedModel, $"This {shape.Architecture} model of {shape.BlockCount} blocks cannot be split over machines yet: {reason}.");
        }

        foreach (var (key, why) in rules.RefusedKeys.Concat(NoPredictionBlocks))
        {
            if (IsSet(metadata, $"{shape.Architecture}.{key}"))
            {
                throw new ModelException(ModelError.UnsupportedModel, $"This {shape.Architecture} model cannot be split over machines yet ({key} is set): {why}.");
            }
        }

        _ = PeriodOf(rules, metadata);
        return rules;
    }

    /// <summary>The period of sliding windows of a model; null if it has none.</summary>
    /// <exception cref="ModelException"><see cref="ModelError.UnsupportedModel"/>: the model has a pattern that the engine would ignore.</exception>
    internal static int? PeriodOf(FamilyRules rules, GgufMetadata metadata)
    {
        if (rules.SlidingWindow is not { } rule)
        {
            return null;
        }

        if (rule.Optional && !IsSet(metadata, $"{rules.Architecture}.{SlidingWindowRule.WindowKey}"))
        {
            return null;
        }

        if (!metadata.TryGet($"{rules.Architecture}.{SlidingWindowRule.PatternKey}", out var value))
        {
            return rule.Period;
        }

        if (!value.IsArray)
        {
            return value.TryGetInt64(out var period) && period is >= 1 and <= ModelShape.MaxBlocks
                ? (int)period
                : throw new ModelException(ModelError.UnsupportedModel, $"{SlidingWindowRule.PatternKey} is {value}; a period of 1 to {ModelShape.MaxBlocks} makes sense.");
        }

        return Flags(value) is { } slides && slides.Select((slide, i) => slide == ((i + 1) % rule.Period != 0)).All(same => same)
            ? rule.Period
            : throw new ModelException(ModelError.UnsupportedModel, $"This {rules.Architecture} model has its own pattern of sliding windows (one flag a block), which the engine would ignore: it would compute something else.");
    }

    private static bool[]? Flags(GgufValue value)
    {
        if (value.TryGetArray<bool>(out var flags))
        {
            return flags.ToArray();
        }

        return value.TryGetIntegers(out var numbers) ? [.. numbers.Select(number => number != 0)] : null;
    }

    /// <summary>Whether a key is there with anything but 0, false or an empty array.</summary>
    private static bool IsSet(GgufMetadata metadata, string key)
    {
        if (!metadata.TryGet(key, out var value))
        {
            return false;
        }

        if (value.IsArray)
        {
            return value.Count > 0;
        }

        return value.TryGetDouble(out var number) ? number != 0 : !value.TryGetBool(out var flag) || flag;
    }

    private static string Names() => string.Join(", ", All.Where(rules => rules.Refusal is null).Select(rules => rules.Architecture).Order(StringComparer.Ordinal));

    private static FamilyRules Refused(string architecture, string reason) => new() { Architecture = architecture, Refusal = reason };
}
