using System.Runtime.InteropServices;
using Skein.Engine.Errors;
using Skein.Engine.Native;

namespace Skein.Engine.Library;

/// <summary>Refuses native libraries of another build than the bindings were written for.</summary>
/// <remarks>
/// llama.cpp passes its parameter structs by value and changes their layout between versions, so a wrong build would not fail: it would compute with shifted
/// values. The commit must be the pinned one, and every default must stand where the bindings expect it.
/// </remarks>
internal static unsafe class LayoutGuard
{
    /// <summary>Commit of llama.cpp that LLamaSharp.Backend.* 0.30.0 was built from.</summary>
    internal const string PinnedCommit = "815a2a591";

    /// <summary>Version of ggml in that commit.</summary>
    internal const string PinnedVersion = "0.18.0";

    /// <summary>Checks the loaded libraries.</summary>
    /// <returns>Commit and ggml version.</returns>
    /// <exception cref="EngineException"><see cref="EngineError.LibraryMismatch"/>, naming every value that differs.</exception>
    internal static (string Commit, string Version) Check(string folder)
    {
        var commit = Marshal.PtrToStringUTF8((nint)Ggml.Commit()) ?? string.Empty;
        var version = Marshal.PtrToStringUTF8((nint)Ggml.Version()) ?? string.Empty;
        var faults = new List<string>();
        if (commit != PinnedCommit)
        {
            faults.Add($"commit {commit} instead of {PinnedCommit}");
        }

        if (version != PinnedVersion)
        {
            faults.Add($"ggml {version} instead of {PinnedVersion}");
        }

        if (faults.Count == 0)
        {
            faults.AddRange(Faults(Llama.ModelDefaultParams()));
            faults.AddRange(Faults(Llama.ContextDefaultParams()));
        }

        if (faults.Count > 0)
        {
            throw new EngineException(
                EngineError.LibraryMismatch,
                $"The native llama.cpp in {folder} is not the build that these bindings were written for ({string.Join("; ", faults)}). Use the backend package of the pinned version.");
        }

        return (commit, version);
    }

    /// <summary>Defaults that do not stand where they should.</summary>
    internal static IReadOnlyList<string> Faults(ModelParams value)
    {
        var faults = new List<string>();
        Expect(faults, "model.size", sizeof(ModelParams), 72);
        Expect(faults, "model.devices", value.Devices, 0);
        Expect(faults, "model.tensor_buft_overrides", value.TensorBufferOverrides, 0);
        Expect(faults, "model.n_gpu_layers", value.GpuLayers, -1);
        Expect(faults, "model.split_mode", value.SplitMode, 1);
        Expect(faults, "model.load_mode", value.LoadMode, ModelParams.LoadModeMmap);
        Expect(faults, "model.main_gpu", value.MainGpu, 0);
        Expect(faults, "model.tensor_split", value.TensorSplit, 0);
        Expect(faults, "model.progress_callback", value.ProgressCallback, 0);
        Expect(faults, "model.kv_overrides", value.MetadataOverrides, 0);
        Expect(faults, "model.vocab_only", value.VocabularyOnly, 0);
        Expect(faults, "model.check_tensors", value.CheckTensors, 0);
        Expect(faults, "model.use_extra_bufts", value.UseExtraBufferTypes, 1);
        Expect(faults, "model.no_host", value.NoHost, 0);
        Expect(faults, "model.no_alloc", value.NoAlloc, 0);
        Expect(faults, "model.load_mtp", value.LoadMtp, 0);
        return faults;
    }

    /// <summary>Defaults that do not stand where they should.</summary>
    internal static IReadOnlyList<string> Faults(ContextParams value)
    {
        var faults = new List<string>();
        Expect(faults, "context.size", sizeof(ContextParams), 160);
        Expect(faults, "context.n_ctx", value.Context, 512);
        Expect(faults, "context.n_batch", value.Batch, 2048);
        Expect(faults, "context.n_ubatch", value.MicroBatch, 512);
        Expect(faults, "context.n_seq_max", value.MaxSequences, 1);
        Expect(faults, "context.n_rs_seq", value.RecurrentSnapshots, 0);
        Expect(faults, "context.n_outputs_max", value.MaxOutputs, 0);
        Expect(faults, "context.n_threads", value.Threads, 4);
        Expect(faults, "context.n_threads_batch", value.BatchThreads, 4);
        Expect(faults, "context.ctx_type", value.ContextType, 0);
        Expect(faults, "context.rope_scaling_type", value.RopeScalingType, -1);
        Expect(faults, "context.pooling_type", value.PoolingType, -1);
        Expect(faults, "context.attention_type", value.AttentionType, -1);
        Expect(faults, "context.flash_attn_type", value.FlashAttentionType, -1);
        Expect(faults, "context.rope_freq_base", value.RopeFrequencyBase, 0);
        Expect(faults, "context.rope_freq_scale", value.RopeFrequencyScale, 0);
        Expect(faults, "context.yarn_ext_factor", value.YarnExtrapolation, -1);
        Expect(faults, "context.yarn_attn_factor", value.YarnAttention, -1);
        Expect(faults, "context.yarn_beta_fast", value.YarnBetaFast, -1);
        Expect(faults, "context.yarn_beta_slow", value.YarnBetaSlow, -1);
        Expect(faults, "context.yarn_orig_ctx", value.YarnOriginalContext, 0);
        Expect(faults, "context.defrag_thold", value.DefragThreshold, -1);
        Expect(faults, "context.cb_eval", (nint)value.EvalCallback, 0);
        Expect(faults, "context.type_k", value.KeyType, Ggml.TypeF16);
        Expect(faults, "context.type_v", value.ValueType, Ggml.TypeF16);
        Expect(faults, "context.abort_callback", (nint)value.AbortCallback, 0);
        Expect(faults, "context.embeddings", value.Embeddings, 0);
        Expect(faults, "context.offload_kqv", value.OffloadKqv, 1);
        Expect(faults, "context.no_perf", value.NoPerf, 1);
        Expect(faults, "context.op_offload", value.OpOffload, 1);
        Expect(faults, "context.swa_full", value.FullSlidingWindow, 1);
        Expect(faults, "context.kv_unified", value.UnifiedKv, 0);
        Expect(faults, "context.samplers", value.Samplers, 0);
        Expect(faults, "context.n_samplers", value.SamplerCount, 0);
        Expect(faults, "context.ctx_other", value.OtherContext, 0);
        return faults;
    }

    private static void Expect(List<string> faults, string name, double found, double expected)
    {
        if (found != expected)
        {
            faults.Add($"{name} is {found} instead of {expected}");
        }
    }
}
