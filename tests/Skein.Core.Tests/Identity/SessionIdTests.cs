using Skein.Core.Identity;

namespace Skein.Core.Tests.Identity;

public sealed class SessionIdTests
{
    [Fact]
    public void Write_ThenRead_RoundTrips()
    {
        var id = SessionId.Create();
        Span<byte> bytes = stackalloc byte[SessionId.Size];
        id.Write(bytes);

        Assert.Equal(id, SessionId.Read(bytes));
    }

    [Fact]
    public void Write_KnownValue_IsLittleEndian()
    {
        Span<byte> bytes = stackalloc byte[SessionId.Size];
        new SessionId(new UInt128(0x0123456789abcdef, 0xfedcba9876543210)).Write(bytes);

        Assert.Equal("1032547698badcfeefcdab8967452301", Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void ToString_SmallValue_Has32Digits()
        => Assert.Equal("00000000000000000000000000000001", new SessionId(UInt128.One).ToString());

    [Fact]
    public void Create_ManyTimes_NeverRepeats()
        => Assert.Equal(1000, Enumerable.Range(0, 1000).Select(_ => SessionId.Create()).Distinct().Count());
}
