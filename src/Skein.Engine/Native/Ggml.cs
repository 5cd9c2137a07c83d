using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary>The functions of libggml-base that Skein calls, as declared by ggml 0.18.0.</summary>
internal static unsafe partial class Ggml
{
    internal const string Name = "ggml-base";

    /// <summary><c>GGML_TYPE_F32</c>.</summary>
    internal const int TypeF32 = 0;

    /// <summary><c>GGML_TYPE_F16</c>.</summary>
    internal const int TypeF16 = 1;

    /// <summary><c>GGML_TYPE_Q8_0</c>.</summary>
    internal const int TypeQ80 = 8;

    [LibraryImport(Name, EntryPoint = "ggml_commit"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte* Commit();

    [LibraryImport(Name, EntryPoint = "ggml_version"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial byte* Version();

    [LibraryImport(Name, EntryPoint = "ggml_get_name"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)]), SuppressGCTransition]
    internal static partial byte* GetName(nint tensor);

    [LibraryImport(Name, EntryPoint = "ggml_nbytes"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)]), SuppressGCTransition]
    internal static partial nuint ByteCount(nint tensor);

    [LibraryImport(Name, EntryPoint = "ggml_backend_tensor_get"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void TensorGet(nint tensor, void* destination, nuint offset, nuint size);

    [LibraryImport(Name, EntryPoint = "ggml_log_set"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial void LogSet(delegate* unmanaged[Cdecl]<int, byte*, nint, void> callback, nint data);

    [LibraryImport(Name, EntryPoint = "ggml_set_abort_callback"), UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    internal static partial nint SetAbortCallback(delegate* unmanaged[Cdecl]<byte*, void> callback);
}
