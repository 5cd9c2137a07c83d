using System.Runtime.InteropServices;

namespace Skein.Engine.Loading;

/// <summary>What the evaluation callback of one context reads and writes; in native memory, so that no callback needs a managed object.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CaptureState
{
    /// <summary>Name of the wanted tensor, zero-terminated; null captures nothing and computes the whole graph.</summary>
    public byte* Name;

    /// <summary>Where its rows go.</summary>
    public byte* Destination;

    /// <summary>Bytes that fit there.</summary>
    public long Capacity;

    /// <summary>Bytes written since the batch began.</summary>
    public long Written;

    /// <summary>Bytes that did not fit: a defect, reported after the batch.</summary>
    public long Refused;

    /// <summary>Not 0: the graph is left uncomputed; rows only get their cells.</summary>
    public int Skip;

    /// <summary>Not 0: the computation stops at the next node.</summary>
    public int Abort;
}
