using System.Net;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Tests.PortMapping;

public sealed class NatPmpTests
{
    private static readonly byte[] AddressAnswer = [0, 128, 0, 0, 0, 0, 1, 0, 203, 0, 113, 9];

    [Fact]
    public void WriteMapRequest_KnownValues_MatchesTheRfcLayout()
    {
        var request = new byte[NatPmpMessages.MapRequestSize];
        NatPmpMessages.WriteMapRequest(request, 7410, 7411, 3600);

        Assert.Equal("000200001cf21cf300000e10", Convert.ToHexStringLower(request));
    }

    [Fact]
    public async Task MapAsync_RouterGivesAnotherPort_TakesWhatItGave()
    {
        await using var router = new FakeUdpRouter(request => request[1] == 0 ? AddressAnswer : [0, 130, 0, 0, 0, 0, 1, 0, request[4], request[5], 0x20, 0x00, 0, 0, 0x07, 0x08]);
        var result = await new NatPmpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(PortMappingFailure.None, result.Failure);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("203.0.113.9"), 0x2000), result.Mapping!.External);
        Assert.Equal(TimeSpan.FromSeconds(1800), result.Mapping.Lifetime);
        Assert.Equal(7410, result.Mapping.InternalPort);
    }

    [Theory]
    [InlineData(1, PortMappingFailure.NotSupported)]
    [InlineData(2, PortMappingFailure.NotAllowed)]
    [InlineData(3, PortMappingFailure.RouterFailed)]
    [InlineData(4, PortMappingFailure.Conflict)]
    [InlineData(5, PortMappingFailure.NotSupported)]
    public async Task MapAsync_RouterRefuses_SaysWhy(byte code, PortMappingFailure expected)
    {
        await using var router = new FakeUdpRouter(_ => [0, 130, 0, code, 0, 0, 0, 1]);
        var result = await new NatPmpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Null(result.Mapping);
        Assert.Equal(expected, result.Failure);
    }

    [Fact]
    public async Task MapAsync_AnswersForAnotherPortFirst_WaitsForOurs()
    {
        var asked = 0;
        await using var router = new FakeUdpRouter(request => request[1] == 0
            ? AddressAnswer
            : ++asked == 1 ? [0, 130, 0, 0, 0, 0, 1, 0, 9, 9, 9, 9, 0, 0, 9, 9] : [0, 130, 0, 0, 0, 0, 1, 0, request[4], request[5], request[6], request[7], 0, 0, 0x0e, 0x10]);
        var result = await new NatPmpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(7410, result.Mapping!.External.Port);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task MapAsync_NobodyThere_SaysNoAnswer()
    {
        await using var router = new FakeUdpRouter(_ => null);
        var result = await new NatPmpClient(router.EndPoint, TimeProvider.System).MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(PortMappingFailure.NoAnswer, result.Failure);
        Assert.Equal(4, router.Requests.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("008200")]
    [InlineData("0082000000000001")]
    [InlineData("00820000000000011cf21cf3000000")]
    [InlineData("01820000000000011cf21cf300000e10")]
    [InlineData("00020000000000011cf21cf300000e10")]
    public void TryReadMapResponse_NotAnAnswer_ReturnsFalse(string hex)
        => Assert.False(NatPmpMessages.TryReadMapResponse(Convert.FromHexString(hex), out _, out _, out _, out _));
}
