using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary>Owns one <c>llama_model</c>.</summary>
internal sealed class ModelHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Llama.ModelFree(handle);
        return true;
    }
}
