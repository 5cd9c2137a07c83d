using System.Runtime.InteropServices;

namespace Skein.Engine.Native;

/// <summary><c>llama_batch</c>: pointers to arrays that the caller owns, passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BatchView
{
    public int Count;
    public int* Tokens;
    public float* Rows;
    public int* Positions;
    public int* SequenceCounts;
    public int** SequenceIds;
    public byte* Outputs;
}
