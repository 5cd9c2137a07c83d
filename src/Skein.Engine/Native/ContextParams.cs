using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary><c>llama_context_params</c> of the pinned build: 160 bytes, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ContextParams
{
    public uint Context;
    public uint Batch;
    public uint MicroBatch;
    public uint MaxSequences;
    public uint RecurrentSnapshots;
    public uint MaxOutputs;
    public int Threads;
    public int BatchThreads;
    public int ContextType;
    public int RopeScalingType;
    public int PoolingType;
    public int AttentionType;
    public int FlashAttentionType;
    public float RopeFrequencyBase;
    public float RopeFrequencyScale;
    public float YarnExtrapolation;
    public float YarnAttention;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginalContext;
    public float DefragThreshold;
    public delegate* unmanaged[Cdecl]<nint, byte, nint, byte> EvalCallback;
    public nint EvalCallbackData;
    public int KeyType;
    public int ValueType;
    public delegate* unmanaged[Cdecl]<nint, byte> AbortCallback;
    public nint AbortCallbackData;
    public byte Embeddings;
    public byte OffloadKqv;
    public byte NoPerf;
    public byte OpOffload;
    public byte FullSlidingWindow;
    public byte UnifiedKv;
    public nint Samplers;
    public nuint SamplerCount;
    public nint OtherContext;

    /// <summary><c>LLAMA_FLASH_ATTN_TYPE_ENABLED</c>.</summary>
    public const int FlashAttentionEnabled = 1;

    /// <summary><c>LLAMA_POOLING_TYPE_NONE</c>.</summary>
    public const int PoolingNone = 0;
}
