using Skein.P2P.PortMapping;

namespace Skein.Fuzz.Targets;

/// <summary>What a router, or whoever forges one, answers on the local network: NAT-PMP, PCP, SSDP.</summary>
[Fuzzes(typeof(NatPmpMessages))]
[Fuzzes(typeof(PcpMessages))]
[Fuzzes(typeof(SsdpMessages))]
public sealed class RouterDatagramTarget : IFuzzTarget
{
    public string Name => "router-datagram";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (NatPmpMessages.TryReadAddressResponse(data, out var result, out var address) && result == 0)
        {
            FuzzCheck.Holds(address is not null, "a success has an address");
        }

        NatPmpMessages.TryReadMapResponse(data, out _, out _, out _, out _);
        var nonce = data.Length >= 36 ? data[24..36] : new byte[PcpMessages.NonceSize];
        if (PcpMessages.TryReadMapResponse(data, nonce, out _, out _, out var external, out _))
        {
            FuzzCheck.Holds(external is not null, "an answer has an end point, if only an empty one");
        }

        if (SsdpMessages.TryReadResponse(data, out var location))
        {
            FuzzCheck.Holds(location.Scheme == Uri.UriSchemeHttp, "a location is plain HTTP");
        }
    }
}
