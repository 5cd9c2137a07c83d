using Skein.Gguf;
using Skein.Models.Evaluation;
using static Skein.Models.Tests.Families.SyntheticModel;

namespace Skein.Models.Tests.Families;

/// <summary>
/// Every architecture that is served and has no checkpoint among the fixtures: a tiny model with random weights, whole against cut. It stands or falls with the rules:
/// the whole model is loaded by llama.cpp as any other file.
/// </summary>
public sealed class SyntheticParityTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Func<SyntheticModel>> Models = new(StringComparer.Ordinal)
    {
        ["qwen2moe"] = () => new SyntheticModel("qwen2moe", 6).Attention().Head().Mixture(0, ExpertFeedForward)
            .With("expert_feed_forward_length", ExpertFeedForward).With("expert_shared_feed_forward_length", 96)
            .EveryBlock(
                ("ffn_norm.weight", [Width]),
                ("attn_q.bias", [Heads * HeadSize]),
                ("attn_k.bias", [KvHeads * HeadSize]),
                ("attn_v.bias", [KvHeads * HeadSize]),
                ("ffn_gate_inp_shexp.weight", [Width]),
                ("ffn_gate_shexp.weight", [Width, 96]),
                ("ffn_up_shexp.weight", [Width, 96]),
                ("ffn_down_shexp.weight", [96, Width])),
        ["qwen3moe"] = () => new SyntheticModel("qwen3moe", 6).Attention().Mixture(0, ExpertFeedForward)
            .With("expert_feed_forward_length", ExpertFeedForward).With("attention.key_length", HeadSize).With("attention.value_length", HeadSize)
            .EveryBlock(("ffn_norm.weight", [Width]), ("attn_q_norm.weight", [HeadSize]), ("attn_k_norm.weight", [HeadSize])),
        ["olmo2"] = () => Olmo2(),
        ["olmo2 with windows"] = () => Olmo2().With("attention.sliding_window", 16),
        ["olmoe"] = () => new SyntheticModel("olmoe", 6).With("attention.head_count_kv", Heads).Head().Mixture(0, FeedForward)
            .EveryBlock(
                ("attn_norm.weight", [Width]),
                ("attn_q.weight", [Width, Width]),
                ("attn_k.weight", [Width, Width]),
                ("attn_v.weight", [Width, Width]),
                ("attn_output.weight", [Width, Width]),
                ("attn_q_norm.weight", [Width]),
                ("attn_k_norm.weight", [Width]),
                ("ffn_norm.weight", [Width])),
        ["phi3"] = () => new SyntheticModel("phi3", 6).With("rope.dimension_count", HeadSize)
            .EveryBlock(
                ("attn_norm.weight", [Width]),
                ("attn_qkv.weight", [Width, (Heads + (2 * KvHeads)) * HeadSize]),
                ("attn_output.weight", [Width, Width]),
                ("ffn_norm.weight", [Width]),
                ("ffn_up.weight", [Width, 2 * FeedForward]),
                ("ffn_down.weight", [FeedForward, Width])),
        ["seed_oss"] = () => new SyntheticModel("seed_oss", 6).Attention().DenseWithoutNorm(0, 0).EveryBlock(("post_attention_norm.weight", [Width])),
        ["granite"] = () => Granite("granite").Dense(),
        ["granitemoe"] = () => Granite("granitemoe").Mixture(0, FeedForward).EveryBlock(("ffn_norm.weight", [Width])),
        ["gemma"] = () => new SyntheticModel("gemma", 6).Attention().Dense().With("attention.key_length", HeadSize).With("attention.value_length", HeadSize),
        ["gpt-oss"] = () => new SyntheticModel("gpt-oss", 6).Attention().Head().Mixture(0, ExpertFeedForward)
            .With("expert_feed_forward_length", ExpertFeedForward).With("attention.sliding_window", 16).With("rope.dimension_count", HeadSize)
            .With("attention.key_length", HeadSize).With("attention.value_length", HeadSize)
            .EveryBlock(
                ("post_attention_norm.weight", [Width]),
                ("attn_sinks.weight", [Heads]),
                ("attn_q.bias", [Heads * HeadSize]),
                ("attn_k.bias", [KvHeads * HeadSize]),
                ("attn_v.bias", [KvHeads * HeadSize]),
                ("attn_output.bias", [Width]),
                ("ffn_gate_inp.bias", [Experts]),
                ("ffn_gate_exps.bias", [ExpertFeedForward, Experts]),
                ("ffn_up_exps.bias", [ExpertFeedForward, Experts]),
                ("ffn_down_exps.bias", [Width, Experts])),
        ["smollm3"] = () => new SyntheticModel("smollm3", 10).Attention().Dense(),
        ["cohere2"] = () => new SyntheticModel("cohere2", 10).Attention().DenseWithoutNorm(0, 0).With("attention.sliding_window", 16).With("logit_scale", 0.25f)
            .With("rope.dimension_count", HeadSize),
        ["deepseek2"] = () => DeepSeek(6).With("attention.q_lora_rank", 32)
            .EveryBlock(("attn_q_a.weight", [Width, 32]), ("attn_q_a_norm.weight", [32]), ("attn_q_b.weight", [32, Heads * 96])),
        ["deepseek2 lite"] = () => DeepSeek(27).EveryBlock(("attn_q.weight", [Width, Heads * 96])),
    };

    public static TheoryData<string, int[]> Cuts => new()
    {
        { "qwen2moe", [2, 3] },
        { "qwen3moe", [2, 3] },
        { "olmo2", [2, 3] },
        { "olmo2 with windows", [2, 3] },
        { "olmo2 with windows", [1] },
        { "olmoe", [2, 3] },
        { "phi3", [2, 3] },
        { "seed_oss", [2, 3] },
        { "granite", [2, 3] },
        { "granitemoe", [2, 3] },
        { "gemma", [2, 3] },
        { "gpt-oss", [2, 3] },
        { "gpt-oss", [1, 4] },
        { "smollm3", [4, 8] },
        { "cohere2", [4, 8] },
        { "deepseek2", [2, 3] },
        { "deepseek2", [1, 4] },
        { "deepseek2 lite", [2, 3] },
        { "deepseek2 lite", [] },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public async Task Chain_OfASyntheticModel_EqualsTheWholeBitForBit(string name, int[] cuts)
    {
        using var folder = new TemporaryFolder();
        await Models[name]().WriteAsync(folder["model.gguf"]);
        var handle = await new ModelResolver(SkeinHome.In(folder.Path), TimeProvider.System).ResolveAsync(folder["model.gguf"], CancellationToken.None);

        var report = await ParityRunner.RunAsync(handle, new ParityOptions { Cuts = cuts, Codecs = [HopCodec.F32], Widths = [], Sequences = [], PromptTokens = 40, DecodeSteps = 8 }, null, CancellationToken.None);

        output.WriteLine($"{name} [{string.Join(", ", cuts)}]: {report.Codecs[0]}");
        Assert.Equal(0, report.Codecs[0].MaxAbsLogitDifference);
        Assert.Equal(48, report.Codecs[0].ArgmaxTotal);
        Assert.Equal(48, report.Codecs[0].ArgmaxEqual);
    }

    /// <summary>An architecture is served only if its parity is shown here, or on a checkpoint in Skein.Engine.Tests.</summary>
    [Fact]
    public void ServedFamilies_AllHaveAParityTest()
    {
        string[] onCheckpoints = ["llama", "qwen2", "qwen3", "gemma2", "gemma3"];
        var synthetic = Cuts.Select(row => row.Data.Item1.Split(' ')[0]);

        Assert.Equal(
            ModelFamilies.All.Where(rules => rules.Refusal is null).Select(rules => rules.Architecture).Order(StringComparer.Ordinal),
            onCheckpoints.Concat(synthetic).Distinct().Order(StringComparer.Ordinal));
    }

    private static SyntheticModel Olmo2() => new SyntheticModel("olmo2", 6).Head().DenseWithoutNorm(0, 0).EveryBlock(
        ("attn_q.weight", [Width, Width]),
        ("attn_k.weight", [Width, KvHeads * HeadSize]),
        ("attn_v.weight", [Width, KvHeads * HeadSize]),
        ("attn_output.weight", [Width, Width]),
        ("attn_q_norm.weight", [Width]),
        ("attn_k_norm.weight", [KvHeads * HeadSize]),
        ("post_attention_norm.weight", [Width]),
        ("post_ffw_norm.weight", [Width]));

    private static SyntheticModel Granite(string architecture) => new SyntheticModel(architecture, 6).Attention()
        .With("embedding_scale", 12f).With("residual_scale", 0.22f).With("logit_scale", 8f).With("attention.scale", 0.0078125f).With("rope.dimension_count", HeadSize);

    // Multi-head latent attention: 64 values of each key without rotation and 32 with, all heads over one latent of 64.
    private static SyntheticModel DeepSeek(int blocks) => new SyntheticModel("deepseek2", blocks)
        .With("attention.head_count_kv", 1).With("attention.kv_lora_rank", 64).With("rope.dimension_count", 32)
        .With("attention.key_length", 96).With("attention.value_length", 64).With("attention.key_length_mla", 96).With("attention.value_length_mla", 64)
        .With("leading_dense_block_count", 2).With("expert_feed_forward_length", ExpertFeedForward).With("expert_shared_count", 1)
        .With("expert_weights_scale", 1f).With("expert_gating_func", GgufValue.UInt32(1))
        .DenseWithoutNorm(0, 2).Mixture(2, ExpertFeedForward)
        .EveryBlock(
            ("attn_norm.weight", [Width]),
            ("ffn_norm.weight", [Width]),
            ("attn_kv_a_mqa.weight", [Width, 64 + 32]),
            ("attn_kv_a_norm.weight", [64]),
            ("attn_k_b.weight", [64, 64, Heads]),
            ("attn_v_b.weight", [64, 64, Heads]),
            ("attn_output.weight", [Heads * 64, Width]))
        .Block(
            2,
            0,
            ("ffn_gate_shexp.weight", [Width, ExpertFeedForward]),
            ("ffn_up_shexp.weight", [Width, ExpertFeedForward]),
            ("ffn_down_shexp.weight", [ExpertFeedForward, Width]));
}
