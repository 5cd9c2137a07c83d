using CsCheck;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Tests.Messages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Wire;

public sealed class FieldReaderTests
{
    [Theory]
    [InlineData("08", "a tag without value")]
    [InlineData("0a05ffff", "bytes beyond the end")]
    [InlineData("08ffffffffffffffffffff", "a number of eleven bytes")]
    [InlineData("08ffffffffffffffffff7f", "a number beyond 64 bits")]
    [InlineData("0b", "a group")]
    [InlineData("00", "field zero")]
    [InlineData("0dffff", "half of 32 bits")]
    [InlineData("09ffff", "a quarter of 64 bits")]
    public void Next_Malformed_Fails(string hex, string what)
    {
        var reader = new FieldReader(Convert.FromHexString(hex));
        while (reader.Next())
        {
            Assert.NotEqual(0, reader.Field);
        }

        Assert.True(reader.Failed, what);
    }

    [Fact]
    public void TryText_ControlCharacters_BecomeSpaces()
    {
        var buffer = new byte[64];
        var writer = new FieldWriter(buffer);
        writer.Text(1, "a\u001b[31mb\nc");
        var reader = new FieldReader(buffer.AsSpan(0, writer.Length));

        Assert.True(reader.Next());
        Assert.True(reader.TryText(64, out var text));
        Assert.Equal("a [31mb c", text);
    }

    [Fact]
    public void TryText_BadUtf8_IsRefused()
    {
        var reader = new FieldReader(Convert.FromHexString("0a02c328"));

        Assert.True(reader.Next());
        Assert.False(reader.TryText(64, out _));
    }

    [Fact]
    public void Error_LongMessage_IsCutAtACharacter()
    {
        var error = new ErrorMessage(null, 0, SwarmError.Internal, string.Concat(Enumerable.Repeat("é€😀", 200)));
        var buffer = new byte[WireLimits.MaxBody];
        var writer = new FieldWriter(buffer);
        error.Write(ref writer);

        Assert.True(ErrorMessage.TryRead(buffer.AsSpan(0, writer.Length), out var read));
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(read.Message), SwarmErrors.MaxMessageBytes - 4, SwarmErrors.MaxMessageBytes);
        Assert.StartsWith(read.Message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRead_AnyBytes_NeverThrows()
        => Gen.Select(Gen.Int[0, 24].Select(i => (WireMessageType)i), Gen.Byte.Array[0, 200]).Sample(
            (type, bytes) =>
            {
                _ = MessageReader.Read(type, bytes);
                _ = FrameHeader.TryRead(bytes, out _);
            },
            iter: 20_000);
}
