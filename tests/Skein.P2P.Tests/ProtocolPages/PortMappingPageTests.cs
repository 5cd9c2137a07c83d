using System.Net;
using System.Text;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Tests.ProtocolPages;

/// <summary>The vectors of docs/protocol/port-mapping.md, each written or read by the code.</summary>
public sealed class PortMappingPageTests
{
    private const string Page = "port-mapping.md";

    private static readonly IReadOnlyDictionary<string, byte[]> Vectors = ProtocolPage.ReadVectors(Page);
    private static readonly byte[] Nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    private static readonly Dictionary<string, Action<byte[]>> Checks = new(StringComparer.Ordinal)
    {
        ["NAT-PMP: what is my address"] = bytes => IsWritten(bytes, NatPmpMessages.AddressRequestSize, NatPmpMessages.WriteAddressRequest),
        ["NAT-PMP: 203.0.113.9"] = IsNatPmpAddress,
        ["NAT-PMP: map 7410, rather as 7411, for an hour"] = bytes => IsWritten(bytes, NatPmpMessages.MapRequestSize, to => NatPmpMessages.WriteMapRequest(to, 7410, 7411, 3600)),
        ["NAT-PMP: 7410 is mapped as 8192 for half an hour"] = IsNatPmpMapping,
        ["NAT-PMP: give 7410 back"] = bytes => IsWritten(bytes, NatPmpMessages.MapRequestSize, to => NatPmpMessages.WriteMapRequest(to, 7410, 0, 0)),
        ["NAT-PMP: not allowed"] = IsNatPmpRefusal,
        ["PCP: map 7410 of 192.0.2.5, rather as 7411, for an hour"] = bytes => IsWritten(bytes, PcpMessages.MapSize, to => PcpMessages.WriteMapRequest(to, IPAddress.Parse("192.0.2.5"), Nonce, 7410, 7411, 3600)),
        ["PCP: 7410 is mapped as 198.51.100.7, port 40000, for 10 minutes"] = IsPcpMapping,
        ["PCP: not allowed, ask again in 30 s"] = IsPcpRefusal,
        ["PCP: a router that speaks NAT-PMP only"] = IsOtherVersion,
    };

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Vector_OfThePage_IsWhatTheCodeSpeaks(string name)
    {
        Assert.True(Checks.TryGetValue(name, out var check), $"Nothing checks the vector \"{name}\" of {Page}: add it here.");
        check(Vectors[name]);
    }

    [Fact]
    public void Checks_WithoutAVector_AreNone() => Assert.Empty(Checks.Keys.Except(Vectors.Keys));

    [Fact]
    public void Search_ForARouter_IsAsThePageSays()
        => Assert.Equal(
            "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n\r\n",
            Encoding.ASCII.GetString(SsdpMessages.Search("urn:schemas-upnp-org:device:InternetGatewayDevice:2")));

    private static void IsNatPmpAddress(byte[] bytes)
    {
        Assert.True(NatPmpMessages.TryReadAddressResponse(bytes, out var result, out var address));
        Assert.Equal((0, IPAddress.Parse("203.0.113.9")), (result, address));
    }

    private static void IsNatPmpMapping(byte[] bytes)
    {
        Assert.True(NatPmpMessages.TryReadMapResponse(bytes, out var result, out var inner, out var outer, out var lifetime));
        Assert.Equal((0, 7410, 8192, 1800u), (result, inner, outer, lifetime));
    }

    private static void IsNatPmpRefusal(byte[] bytes)
    {
        Assert.True(NatPmpMessages.TryReadMapResponse(bytes, out var result, out _, out _, out _));
        Assert.Equal(2, result);
    }

    private static void IsPcpMapping(byte[] bytes)
    {
        Assert.True(PcpMessages.TryReadMapResponse(bytes, Nonce, out var result, out var inner, out var outer, out var lifetime));
        Assert.Equal((0, 7410, new IPEndPoint(IPAddress.Parse("198.51.100.7"), 40000), 600u), (result, inner, outer, lifetime));
        Assert.False(PcpMessages.TryReadMapResponse(bytes, new byte[PcpMessages.NonceSize], out _, out _, out _, out _), "An answer with another nonce is somebody else's.");
    }

    private static void IsPcpRefusal(byte[] bytes)
    {
        Assert.True(PcpMessages.TryReadMapResponse(bytes, Nonce, out var result, out _, out _, out var lifetime));
        Assert.Equal((2, 30u), (result, lifetime));
    }

    private static void IsOtherVersion(byte[] bytes)
    {
        Assert.True(PcpMessages.TryReadMapResponse(bytes, Nonce, out var result, out _, out _, out _));
        Assert.Equal(PcpMessages.ResultUnsupportedVersion, result);
    }

    private static void IsWritten(byte[] page, int size, WriteMessage write)
    {
        var written = new byte[size];
        write(written);
        Assert.Equal(Convert.ToHexStringLower(written), Convert.ToHexStringLower(page));
    }

    private delegate void WriteMessage(Span<byte> destination);
}
