using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary><c>llama_token_data_array</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TokenCandidates
{
    public TokenCandidate* Data;
    public nuint Size;
    public long Selected;
    public byte Sorted;
}
