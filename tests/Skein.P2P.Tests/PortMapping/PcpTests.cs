using System.Net;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Tests.PortMapping;

public sealed class PcpTests
{
    private static readonly byte[] Nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Fact]
    public void WriteMapRequest_KnownValues_MatchesTheRfcLayout()
    {
        var request = new byte[PcpMessages.MapSize];
        PcpMessages.WriteMapRequest(request, IPAddress.Parse("192.0.2.5"), Nonce, 7410, 7411, 3600);

        Assert.Equal(
            "0201000000000e10" + "00000000000000000000ffffc0000205" + "0102030405060708090a0b0c" + "06000000" + "1cf21cf3" + "00000000000000000000ffff00000000",
            Convert.ToHexStringLower(request));
    }

    [Fact]
    public async Task MapAsync_RouterGivesAPort_TakesItAndRenewsUnderTheSameNonce()
    {
        await using var router = new FakeUdpRouter(request => Answer(request, 0, externalPort: 40000, lifetime: 600));
        var client = new PcpClient(router.EndPoint, TimeProvider.System);
        var first = await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default);
        var second = await client.MapAsync(7410, 40000, TimeSpan.FromHours(1), default);
        await client.UnmapAsync(second.Mapping!, default);

        Assert.Equal(new IPEndPoint(IPAddress.Parse("198.51.100.7"), 40000), first.Mapping!.External);
        Assert.Equal(TimeSpan.FromMinutes(10), first.Mapping.Lifetime);
        Assert.Equal(3, router.Requests.Count);
        Assert.Single(router.Requests.Select(r => Convert.ToHexString(r.AsSpan(24, 12))).Distinct(StringComparer.Ordinal));
        Assert.Equal(0u, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(router.Requests[2].AsSpan(4)));
    }

    [Theory]
    [InlineData(1, PortMappingFailure.NotSupported)]
    [InlineData(2, PortMappingFailure.NotAllowed)]
    [InlineData(8, PortMappingFailure.Conflict)]
    [InlineData(3, PortMappingFailure.RouterFailed)]
    public async Task MapAsync_RouterRefuses_SaysWhy(byte code, PortMappingFailure expected)
    {
        await using var router = new FakeUdpRouter(request => Answer(request, code, 0, 30));
        var result = await new PcpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(expected, result.Failure);
    }

    [Fact]
    public async Task MapAsync_RouterSpeaksNatPmpOnly_SaysNotSupported()
    {
        await using var router = new FakeUdpRouter(_ => [0, 129, 0, 1, 0, 0, 0, 1]);
        var result = await new PcpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(PortMappingFailure.NotSupported, result.Failure);
    }

    [Fact]
    public void TryReadMapResponse_AnotherNonce_IsSomebodyElses()
    {
        var request = new byte[PcpMessages.MapSize];
        PcpMessages.WriteMapRequest(request, IPAddress.Loopback, Nonce, 7410, 0, 600);
        var answer = Answer(request, 0, 40000, 600);
        answer[24] ^= 1;

        Assert.False(PcpMessages.TryReadMapResponse(answer, Nonce, out _, out _, out _, out _));
    }

    [Fact]
    public void TryReadMapResponse_EveryTruncation_IsRefused()
    {
        var request = new byte[PcpMessages.MapSize];
        PcpMessages.WriteMapRequest(request, IPAddress.Loopback, Nonce, 7410, 0, 600);
        var answer = Answer(request, 0, 40000, 600);

        Assert.True(PcpMessages.TryReadMapResponse(answer, Nonce, out _, out _, out _, out _));
        for (var length = 0; length < answer.Length; length++)
        {
            Assert.False(PcpMessages.TryReadMapResponse(answer.AsSpan(0, length), Nonce, out _, out _, out _, out _));
        }
    }

    private static byte[] Answer(byte[] request, byte result, int externalPort, uint lifetime)
    {
        var answer = request.ToArray();
        answer[1] |= 0x80;
        answer[3] = result;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), request.AsSpan(4, 4).IndexOfAnyExcept((byte)0) < 0 ? 0 : lifetime);
        answer.AsSpan(8, 16).Clear();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), (ushort)externalPort);
        IPAddress.Parse("198.51.100.7").MapToIPv6().TryWriteBytes(answer.AsSpan(44), out _);
        return answer;
    }
}
