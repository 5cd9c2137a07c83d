using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary>Owns one <c>llama_context</c>.</summary>
internal sealed class ContextHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Llama.Free(handle);
        return true;
    }
}
