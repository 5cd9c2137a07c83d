using System.Text;

namespace Skein.Gguf;

/// <summary>What a tensor is, wherever its bytes are. Compared by value.</summary>
public sealed record TensorDescriptor
{
    /// <summary>The most UTF-8 bytes of a name: ggml's 64 with the terminator.</summary>
    public const int MaxNameBytes = 63;

    /// <summary>Describes a tensor.</summary>
    /// <param name="name">As llama.cpp names it: <c>blk.3.attn_q.weight</c>; 1 to 63 bytes.</param>
    /// <param name="type">How values are stored.</param>
    /// <param name="shape">Row length first.</param>
    /// <exception cref="GgufException">The name, the type or the shape is one that ggml refuses.</exception>
    public TensorDescriptor(string name, GgmlType type, TensorShape shape)
    {
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes is 0 or > MaxNameBytes)
        {
            throw new GgufException(GgufError.BadTensorName, $"A tensor's name has 1 to {MaxNameBytes} bytes, not {bytes}.");
        }

        Name = name;
        Type = type;
        Shape = shape;
        ByteLength = shape.GetByteLength(type);
    }

    /// <summary>As llama.cpp names it.</summary>
    public string Name { get; }

    /// <summary>How values are stored.</summary>
    public GgmlType Type { get; }

    /// <summary>Row length first.</summary>
    public TensorShape Shape { get; }

    /// <summary>Bytes of the data, without padding.</summary>
    public long ByteLength { get; }

    /// <summary>The same tensor under another name.</summary>
    public TensorDescriptor Rename(string name) => new(name, Type, Shape);
}
