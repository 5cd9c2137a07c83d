using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary><c>llama_model_params</c> of the pinned build: 72 bytes, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ModelParams
{
    public nint Devices;
    public nint TensorBufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int MainGpu;
    public nint TensorSplit;
    public nint ProgressCallback;
    public nint ProgressCallbackData;
    public nint MetadataOverrides;
    public byte VocabularyOnly;
    public byte CheckTensors;
    public byte UseExtraBufferTypes;
    public byte NoHost;
    public byte NoAlloc;
    public byte LoadMtp;

    /// <summary><c>LLAMA_LOAD_MODE_MMAP</c>: weights stay in the page cache and are shared between processes.</summary>
    public const int LoadModeMmap = 1;
}
