using System.Net;
using System.Text;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Tests.PortMapping;

public sealed class UpnpTests
{
    [Fact]
    public async Task MapAsync_RouterAgrees_GivesPortAndAddress()
    {
        await using var router = new FakeUpnpRouter();
        using var client = Client(router);
        var result = await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default);
        await client.UnmapAsync(result.Mapping!, default);

        Assert.Equal(new IPEndPoint(IPAddress.Parse("203.0.113.77"), 7410), result.Mapping!.External);
        Assert.Equal(TimeSpan.FromHours(1), result.Mapping.Lifetime);
        Assert.Contains("<NewInternalClient>127.0.0.1</NewInternalClient>", router.Calls[0], StringComparison.Ordinal);
        Assert.Contains("<NewLeaseDuration>3600</NewLeaseDuration>", router.Calls[0], StringComparison.Ordinal);
        Assert.Contains("u:DeletePortMapping", router.Calls[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task MapAsync_OnlyPermanentLeases_AsksForOne()
    {
        await using var router = new FakeUpnpRouter();
        router.AddErrors.Enqueue(725);
        using var client = Client(router);
        var result = await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default);

        Assert.Equal(TimeSpan.Zero, result.Mapping!.Lifetime);
        Assert.Contains("<NewLeaseDuration>0</NewLeaseDuration>", router.Calls[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task MapAsync_PortTaken_TriesOthersAFewTimes()
    {
        await using var router = new FakeUpnpRouter();
        router.AddErrors.Enqueue(718);
        using var client = Client(router);
        var result = await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default);
        Assert.InRange(result.Mapping!.External.Port, 20000, 60000);

        for (var i = 0; i < 10; i++)
        {
            router.AddErrors.Enqueue(718);
        }

        var hopeless = await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default);
        Assert.Equal(PortMappingFailure.Conflict, hopeless.Failure);
        Assert.Equal(6, router.AddErrors.Count);
    }

    [Fact]
    public async Task MapAsync_NotAuthorised_SaysNotAllowed()
    {
        await using var router = new FakeUpnpRouter();
        router.AddErrors.Enqueue(606);
        using var client = Client(router);

        Assert.Equal(PortMappingFailure.NotAllowed, (await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default)).Failure);
    }

    [Fact]
    public async Task MapAsync_LocationOnAnotherHost_IsIgnored()
    {
        await using var router = new FakeUpnpRouter();
        router.Location = router.Location.Replace("127.0.0.1", "127.0.0.2", StringComparison.Ordinal);
        using var client = Client(router);

        Assert.Equal(PortMappingFailure.NoAnswer, (await client.MapAsync(7410, 7410, TimeSpan.FromHours(1), default)).Failure);
        Assert.Empty(router.Calls);
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service></root>")]
    [InlineData("<root><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>http://elsewhere.example/c</controlURL></service></root>")]
    [InlineData("<root><service><serviceType>urn:other</serviceType><controlURL>/c</controlURL></service></root>")]
    [InlineData("<root><service>")]
    [InlineData("")]
    public void TryReadDescription_HostileOrUseless_ReturnsFalse(string xml)
        => Assert.False(UpnpDocuments.TryReadDescription(Encoding.UTF8.GetBytes(xml), new Uri("http://192.0.2.1:5000/d.xml"), out _));

    [Fact]
    public void TryReadDescription_TooDeepOrTooLarge_ReturnsFalse()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 100)) + string.Concat(Enumerable.Repeat("</a>", 100));
        Assert.False(UpnpDocuments.TryReadDescription(Encoding.UTF8.GetBytes(deep), new Uri("http://192.0.2.1/"), out _));
        Assert.False(UpnpDocuments.TryReadDescription(new byte[UpnpDocuments.MaxDocument + 1], new Uri("http://192.0.2.1/"), out _));
    }

    [Theory]
    [InlineData("NOTIFY * HTTP/1.1\r\nLOCATION: http://192.0.2.1/d\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nST: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nLOCATION: file:///etc/passwd\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nLOCATION: not a url\r\n\r\n")]
    public void TryReadResponse_NoUsableLocation_ReturnsFalse(string datagram)
        => Assert.False(SsdpMessages.TryReadResponse(Encoding.ASCII.GetBytes(datagram), out _));

    private static UpnpClient Client(FakeUpnpRouter router) => new(IPAddress.Loopback, router.Discovery, TimeProvider.System, new Random(1));
}
