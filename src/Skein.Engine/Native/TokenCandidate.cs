using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary><c>llama_token_data</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenCandidate
{
    public int Id;
    public float Logit;
    public float Probability;
}
