using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

public sealed class YamuxHeaderTests
{
    [Theory]
    [InlineData(YamuxFrameType.Data, YamuxFlags.Syn, 1u, 5u, "000000010000000100000005")]
    [InlineData(YamuxFrameType.WindowUpdate, YamuxFlags.Ack, 2u, 786432u, "0001000200000002000c0000")]
    [InlineData(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, 7u, 0u, "000100080000000700000000")]
    [InlineData(YamuxFrameType.Ping, YamuxFlags.Syn, 0u, 9u, "000200010000000000000009")]
    [InlineData(YamuxFrameType.GoAway, YamuxFlags.None, 0u, 1u, "000300000000000000000001")]
    public void Write_KnownFrames_GivesVectors(YamuxFrameType type, YamuxFlags flags, uint stream, uint length, string hex)
    {
        var header = new YamuxHeader(type, flags, stream, length);
        var bytes = new byte[YamuxHeader.Size];

        header.Write(bytes);

        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
        Assert.True(YamuxHeader.TryRead(bytes, out var read));
        Assert.Equal(header, read);
    }

    [Theory]
    [InlineData("00000000")]
    [InlineData("010000000000000100000000")] // another version
    [InlineData("000400000000000000000000")] // no such type
    [InlineData("000000100000000100000000")] // no such flag
    [InlineData("000000000000000000000001")] // data of the session
    [InlineData("000200010000000100000000")] // a ping of a stream
    public void TryRead_Malformed_Refuses(string hex) => Assert.False(YamuxHeader.TryRead(Convert.FromHexString(hex), out _));

    [Fact]
    public void Values_OnTheWire_AreFrozen()
    {
        Assert.Equal([0, 1, 2, 3], Enum.GetValues<YamuxFrameType>().Select(value => (int)value));
        Assert.Equal([0, 1, 2, 4, 8], Enum.GetValues<YamuxFlags>().Select(value => (int)value));
        Assert.Equal([0, 1, 2], Enum.GetValues<YamuxGoAway>().Select(value => (int)value));
    }
}
