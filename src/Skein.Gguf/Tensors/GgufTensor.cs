namespace Skein.Gguf;

/// <summary>A tensor of a file and where its data is.</summary>
/// <param name="Descriptor">What it is.</param>
/// <param name="Offset">Where its data begins, in bytes from the start of the file.</param>
public sealed record GgufTensor(TensorDescriptor Descriptor, long Offset)
{
    /// <summary>As llama.cpp names it.</summary>
    public string Name => Descriptor.Name;

    /// <summary>How values are stored.</summary>
    public GgmlType Type => Descriptor.Type;

    /// <summary>Row length first.</summary>
    public TensorShape Shape => Descriptor.Shape;

    /// <summary>Bytes of the data, without padding.</summary>
    public long ByteLength => Descriptor.ByteLength;
}
