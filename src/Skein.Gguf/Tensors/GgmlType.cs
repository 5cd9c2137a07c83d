namespace Skein.Gguf;

/// <summary>How a tensor's values are stored. Numbers are ggml's (<c>enum ggml_type</c>, ggml 0.18): never renumber. Gaps are types that ggml removed.</summary>
public enum GgmlType
{
    /// <summary>IEEE single.</summary>
    F32 = 0,

    /// <summary>IEEE half.</summary>
    F16 = 1,

    /// <summary>4 bits, one scale a 32.</summary>
    Q4_0 = 2,

    /// <summary>4 bits, scale and minimum a 32.</summary>
    Q4_1 = 3,

    /// <summary>5 bits, one scale a 32.</summary>
    Q5_0 = 6,

    /// <summary>5 bits, scale and minimum a 32.</summary>
    Q5_1 = 7,

    /// <summary>8 bits, one scale a 32.</summary>
    Q8_0 = 8,

    /// <summary>8 bits with sums; an intermediate of ggml.</summary>
    Q8_1 = 9,

    /// <summary>2 bits in super-blocks of 256.</summary>
    Q2_K = 10,

    /// <summary>3 bits in super-blocks of 256.</summary>
    Q3_K = 11,

    /// <summary>4 bits in super-blocks of 256.</summary>
    Q4_K = 12,

    /// <summary>5 bits in super-blocks of 256.</summary>
    Q5_K = 13,

    /// <summary>6 bits in super-blocks of 256.</summary>
    Q6_K = 14,

    /// <summary>8 bits in super-blocks of 256; an intermediate of ggml.</summary>
    Q8_K = 15,

    /// <summary>2.06 bits by codebook.</summary>
    IQ2_XXS = 16,

    /// <summary>2.31 bits by codebook.</summary>
    IQ2_XS = 17,

    /// <summary>3.06 bits by codebook.</summary>
    IQ3_XXS = 18,

    /// <summary>1.56 bits by codebook.</summary>
    IQ1_S = 19,

    /// <summary>4 bits, non-linear, a 32.</summary>
    IQ4_NL = 20,

    /// <summary>3.44 bits by codebook.</summary>
    IQ3_S = 21,

    /// <summary>2.56 bits by codebook.</summary>
    IQ2_S = 22,

    /// <summary>4.25 bits, non-linear.</summary>
    IQ4_XS = 23,

    /// <summary>Signed byte.</summary>
    I8 = 24,

    /// <summary>Signed 16 bits.</summary>
    I16 = 25,

    /// <summary>Signed 32 bits.</summary>
    I32 = 26,

    /// <summary>Signed 64 bits.</summary>
    I64 = 27,

    /// <summary>IEEE double.</summary>
    F64 = 28,

    /// <summary>1.75 bits by codebook.</summary>
    IQ1_M = 29,

    /// <summary>bfloat16.</summary>
    BF16 = 30,

    /// <summary>Ternary, 1.69 bits.</summary>
    TQ1_0 = 34,

    /// <summary>Ternary, 2.06 bits.</summary>
    TQ2_0 = 35,

    /// <summary>OCP microscaling FP4.</summary>
    MXFP4 = 39,

    /// <summary>FP4 with E4M3 scales.</summary>
    NVFP4 = 40,

    /// <summary>1 bit, one scale a 128.</summary>
    Q1_0 = 41,

    /// <summary>2 bits, one scale a 64.</summary>
    Q2_0 = 42,
}
