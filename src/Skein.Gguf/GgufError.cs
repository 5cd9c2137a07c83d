namespace Skein.Gguf;

/// <summary>What is wrong with a GGUF file, or with what is asked of it. Values are stable.</summary>
public enum GgufError
{
    /// <summary>The file does not begin with the magic <c>GGUF</c>.</summary>
    NotGguf = 0,

    /// <summary>A version other than 2 and 3.</summary>
    UnsupportedVersion = 1,

    /// <summary>A big-endian file; convert it.</summary>
    BigEndian = 2,

    /// <summary>The file ends before something that it announces.</summary>
    Truncated = 3,

    /// <summary>A count or a length beyond <see cref="GgufLimits"/>.</summary>
    LimitExceeded = 4,

    /// <summary>A string that is not UTF-8.</summary>
    BadText = 5,

    /// <summary>An empty metadata key.</summary>
    BadKey = 6,

    /// <summary>Two values under one key.</summary>
    DuplicateKey = 7,

    /// <summary>A value type that GGUF does not define, or an array of arrays.</summary>
    BadValueType = 8,

    /// <summary>A bool that is neither 0 nor 1.</summary>
    BadValue = 9,

    /// <summary>The alignment is not a uint32 power of two within the limit.</summary>
    BadAlignment = 10,

    /// <summary>A tensor name that is empty or longer than 63 bytes.</summary>
    BadTensorName = 11,

    /// <summary>Two tensors of one name.</summary>
    DuplicateTensor = 12,

    /// <summary>Too many dimensions, a dimension of 0 or less, rows that are not whole quantisation blocks, or a size beyond 64 bits.</summary>
    BadShape = 13,

    /// <summary>A tensor type that this version of ggml does not define.</summary>
    UnknownTensorType = 14,

    /// <summary>A tensor whose data does not begin at a multiple of the alignment.</summary>
    MisalignedTensor = 15,

    /// <summary>A tensor whose data lies outside the file.</summary>
    TensorOutOfRange = 16,

    /// <summary>Two tensors that share bytes.</summary>
    OverlappingTensors = 17,

    /// <summary>A metadata key that is needed and not there.</summary>
    MissingKey = 18,

    /// <summary>A metadata value of another type than needed.</summary>
    WrongType = 19,

    /// <summary>A tensor that is needed and not there.</summary>
    MissingTensor = 20,

    /// <summary>A tensor's writer produced more or fewer bytes than its type and shape take.</summary>
    SizeMismatch = 21,

    /// <summary>A span of blocks that the model does not have.</summary>
    BadSpan = 22,
}
