using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Skein.Gguf;

/// <summary>GGUF's primitives, little endian.</summary>
internal static class HeaderEncoding
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void WriteUInt32(this IBufferWriter<byte> writer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), value);
        writer.Advance(sizeof(uint));
    }

    public static void WriteUInt64(this IBufferWriter<byte> writer, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(writer.GetSpan(sizeof(ulong)), value);
        writer.Advance(sizeof(ulong));
    }

    public static void WriteText(this IBufferWriter<byte> writer, string text)
    {
        try
        {
            writer.WriteUInt64((ulong)StrictUtf8.GetByteCount(text));
            StrictUtf8.GetBytes(text, writer);
        }
        catch (EncoderFallbackException e)
        {
            throw new GgufException(GgufError.BadText, "Text with a lone surrogate cannot be written as UTF-8.", e);
        }
    }

    public static void WriteValue(this IBufferWriter<byte> writer, GgufValue value)
    {
        writer.WriteUInt32((uint)value.Type);
        if (!value.IsArray)
        {
            WriteScalar(writer, value.Raw);
            return;
        }

        writer.WriteUInt32((uint)value.ElementType);
        writer.WriteUInt64((ulong)value.Count);
        if (value.Raw is string[] strings)
        {
            foreach (var text in strings)
            {
                writer.WriteText(text);
            }

            return;
        }

        writer.Write(GgufValue.Bytes((Array)value.Raw));
    }

    private static void WriteScalar(IBufferWriter<byte> writer, object value)
    {
        switch (value)
        {
            case string text:
                writer.WriteText(text);
                break;
            case byte v:
                writer.Write([v]);
                break;
            case sbyte v:
                writer.Write([unchecked((byte)v)]);
                break;
            case bool v:
                writer.Write([v ? (byte)1 : (byte)0]);
                break;
            case ushort v:
                WriteUInt16(writer, v);
                break;
            case short v:
                WriteUInt16(writer, unchecked((ushort)v));
                break;
            case uint v:
                writer.WriteUInt32(v);
                break;
            case int v:
                writer.WriteUInt32(unchecked((uint)v));
                break;
            case float v:
                writer.WriteUInt32(BitConverter.SingleToUInt32Bits(v));
                break;
            case ulong v:
                writer.WriteUInt64(v);
                break;
            case long v:
                writer.WriteUInt64(unchecked((ulong)v));
                break;
            case double v:
                writer.WriteUInt64(BitConverter.DoubleToUInt64Bits(v));
                break;
            default:
                throw new InvalidOperationException($"A {value.GetType().Name} is no GGUF value.");
        }
    }

    private static void WriteUInt16(IBufferWriter<byte> writer, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(writer.GetSpan(sizeof(ushort)), value);
        writer.Advance(sizeof(ushort));
    }
}
