using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Skein.Engine.Native;

namespace Skein.Engine.Library;

/// <summary>Ends the process in order when llama.cpp meets a defect of its own.</summary>
/// <remarks>
/// A failed assertion inside llama.cpp ends the process whatever we do. Left alone it would first start a debugger to print a trace, which takes seconds and hangs
/// where it may not attach; here the message goes into the runtime's own crash report instead. Everything that comes from outside is checked before native code
/// sees it, so that this is never reached by a peer.
/// </remarks>
internal static unsafe class FatalErrors
{
    /// <summary>Takes over.</summary>
    internal static void Attach() => Ggml.SetAbortCallback(&OnAbort);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAbort(byte* message)
        => Environment.FailFast("llama.cpp ended the process: " + Marshal.PtrToStringUTF8((nint)message));
}
