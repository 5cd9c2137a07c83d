using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary>Owns one <c>llama_sampler</c>.</summary>
internal sealed class SamplerHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Llama.SamplerFree(handle);
        return true;
    }
}
