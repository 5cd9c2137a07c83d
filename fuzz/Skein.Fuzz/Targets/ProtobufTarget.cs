using System.Text;
using Skein.P2P.Wire;

namespace Skein.Fuzz.Targets;

/// <summary>Fields of protobuf messages, each read as its layout says, nested ones too.</summary>
[Fuzzes(typeof(ProtoReader))]
public sealed class ProtobufTarget : IFuzzTarget
{
    private const int MaxDepth = 8;
    private const int MaxText = 256;

    /// <inheritdoc/>
    public string Name => "protobuf";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        Skim(data);
        Walk(data, 0);
    }

    // Fields that nobody reads are skipped.
    private static void Skim(ReadOnlySpan<byte> data)
    {
        var reader = new ProtoReader(data);
        var fields = 0;
        while (reader.Next())
        {
            fields++;
        }

        FuzzCheck.Holds(fields <= data.Length, "a field takes a byte at least");
    }

    private static void Walk(ReadOnlySpan<byte> data, int depth)
    {
        var reader = new ProtoReader(data);
        while (reader.Next())
        {
            FuzzCheck.Holds(reader.Field > 0, "fields are numbered from 1");
            switch (reader.Type)
            {
                case ProtoWireType.Varint:
                    FuzzCheck.Holds(reader.ReadInt32(1000) <= 1000, "an integer is within its bound");
                    break;
                case ProtoWireType.Fixed64:
                    reader.ReadFixed64();
                    break;
                case ProtoWireType.Bytes when reader.Field % 2 == 0:
                    FuzzCheck.Holds(Encoding.UTF8.GetByteCount(reader.ReadString(MaxText)) <= MaxText, "text is within its bound");
                    break;
                case ProtoWireType.Bytes:
                    var nested = reader.ReadBytes(data.Length);
                    FuzzCheck.Holds(nested.Length < data.Length, "what is nested is shorter than what holds it");
                    if (depth < MaxDepth)
                    {
                        Walk(nested, depth + 1);
                    }

                    break;
                default:
                    // Four bytes that no message has a use for: the next field skips them.
                    break;
            }
        }

        FuzzCheck.Holds(!reader.Malformed || !reader.Next(), "a fault ends the walk");
    }
}
