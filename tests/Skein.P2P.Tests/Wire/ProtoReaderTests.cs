using Skein.P2P.Wire;

namespace Skein.P2P.Tests.Wire;

public sealed class ProtoReaderTests
{
    [Fact]
    public void Next_AllLayouts_ReadsAndSkips()
    {
        var message = new ProtoWriter().Varint(1, 300).Fixed64(2, 7).Bytes(3, [1, 2]).Text(4, "é").Varint(99, 1).ToArray();
        // A fixed32 field, which only other writers make.
        byte[] withFixed32 = [.. message, 0x35, 1, 0, 0, 0];
        var reader = new ProtoReader(withFixed32);
        ulong number = 0, wide = 0;
        var text = string.Empty;
        byte[] bytes = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: number = reader.ReadVarint(); break;
                case 2: wide = reader.ReadFixed64(); break;
                case 3: bytes = reader.ReadBytes(2).ToArray(); break;
                case 4: text = reader.ReadString(2); break;
            }
        }

        Assert.False(reader.Malformed);
        Assert.Equal(300UL, number);
        Assert.Equal(7UL, wide);
        Assert.Equal("é", text);
        Assert.Equal([1, 2], bytes);
    }

    [Theory]
    [InlineData("08")] // a tag without its value
    [InlineData("0a05aa")] // fewer bytes than announced
    [InlineData("0affffffffffffffffff01")] // an absurd length
    [InlineData("00")] // field 0
    [InlineData("0b")] // a group
    [InlineData("0f")] // no such layout
    [InlineData("0d0000")] // half a fixed32
    [InlineData("090000")] // a part of a fixed64
    [InlineData("08ffffffffffffffffffff01")] // eleven bytes
    public void Next_Malformed_EndsTheWalk(string hex)
    {
        var reader = new ProtoReader(Convert.FromHexString(hex));
        var steps = 0;
        while (reader.Next())
        {
            steps++;
        }

        Assert.True(reader.Malformed);
        Assert.InRange(steps, 0, 1);
    }

    [Fact]
    public void ReadBytes_OverTheLimit_Fails()
    {
        var reader = new ProtoReader(new ProtoWriter().Bytes(1, new byte[5]).Written);

        Assert.True(reader.Next());
        Assert.True(reader.ReadBytes(4).IsEmpty);
        Assert.True(reader.Malformed);
        Assert.False(reader.Next());
    }

    [Fact]
    public void ReadString_BadUtf8_Fails()
    {
        var reader = new ProtoReader(new ProtoWriter().Bytes(1, [0xC3, 0x28]).Written);

        Assert.True(reader.Next());
        Assert.Equal(string.Empty, reader.ReadString(8));
        Assert.True(reader.Malformed);
    }

    [Fact]
    public void ReadVarint_OfAnotherLayout_Fails()
    {
        var reader = new ProtoReader(new ProtoWriter().Bytes(1, [1]).Written);

        Assert.True(reader.Next());
        reader.ReadVarint();

        Assert.True(reader.Malformed);
    }
}
