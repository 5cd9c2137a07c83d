namespace Skein.Engine.Library;

/// <summary>Instruction set that a build of the native libraries was compiled for.</summary>
internal enum CpuVariant
{
    /// <summary>No vector extension beyond the platform's base.</summary>
    NoAvx,

    /// <summary>AVX.</summary>
    Avx,

    /// <summary>AVX2, FMA, F16C.</summary>
    Avx2,

    /// <summary>AVX-512 with F, BW, VBMI and VNNI.</summary>
    Avx512,
}
