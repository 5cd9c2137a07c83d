using System.Net;

namespace Skein.P2P.PortMapping;

/// <summary>Asks a router by NAT-PMP (RFC 6886).</summary>
/// <param name="router">The default gateway, port <see cref="NatPmpMessages.RouterPort"/>.</param>
/// <param name="time">Paces the tries.</param>
public sealed class NatPmpClient(IPEndPoint router, TimeProvider time) : IPortMapper
{
    /// <inheritdoc/>
    public string Method => "nat-pmp";

    /// <inheritdoc/>
    public async ValueTask<PortMappingResult> MapAsync(int internalPort, int suggestedExternalPort, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var request = new byte[NatPmpMessages.MapRequestSize];
        NatPmpMessages.WriteMapRequest(request, checked((ushort)internalPort), checked((ushort)suggestedExternalPort), checked((uint)lifetime.TotalSeconds));
        var map = await RouterDatagrams.AskAsync<MapAnswer>(router, request, (ReadOnlySpan<byte> datagram, out MapAnswer answer) => TryRead(datagram, internalPort, out answer), time, cancellationToken);
        if (map is null)
        {
            return PortMappingResult.Failed(PortMappingFailure.NoAnswer, "the router does not answer NAT-PMP");
        }

        if (map.Result != 0)
        {
            return PortMappingResult.Failed(FailureOf(map.Result), $"the router refused by NAT-PMP (result {map.Result})");
        }

        if (map.ExternalPort == 0 || map.LifetimeSeconds == 0)
        {
            return PortMappingResult.Failed(PortMappingFailure.BadAnswer, "the router gave port 0 or no time by NAT-PMP");
        }

        var address = await AskAddressAsync(cancellationToken);
        return PortMappingResult.Success(new MappedPort(new IPEndPoint(address, map.ExternalPort), internalPort, TimeSpan.FromSeconds(map.LifetimeSeconds), Method));
    }

    /// <inheritdoc/>
    public async ValueTask UnmapAsync(MappedPort mapping, CancellationToken cancellationToken)
    {
        var request = new byte[NatPmpMessages.MapRequestSize];
        NatPmpMessages.WriteMapRequest(request, (ushort)mapping.InternalPort, 0, 0);
        await RouterDatagrams.AskAsync<MapAnswer>(router, request, (ReadOnlySpan<byte> datagram, out MapAnswer answer) => TryRead(datagram, mapping.InternalPort, out answer), time, cancellationToken);
    }

    private static bool TryRead(ReadOnlySpan<byte> datagram, int internalPort, out MapAnswer answer)
    {
        var read = NatPmpMessages.TryReadMapResponse(datagram, out var result, out var port, out var externalPort, out var lifetime);
        answer = new MapAnswer(result, externalPort, lifetime);
        return read && (result != 0 || port == internalPort);
    }

    private static PortMappingFailure FailureOf(ushort result) => result switch
    {
        1 or 5 => PortMappingFailure.NotSupported,
        2 => PortMappingFailure.NotAllowed,
        4 => PortMappingFailure.Conflict,
        _ => PortMappingFailure.RouterFailed,
    };

    private async ValueTask<IPAddress> AskAddressAsync(CancellationToken cancellationToken)
    {
        var request = new byte[NatPmpMessages.AddressRequestSize];
        NatPmpMessages.WriteAddressRequest(request);
        var answer = await RouterDatagrams.AskAsync<IPAddress>(
            router,
            request,
            (ReadOnlySpan<byte> datagram, out IPAddress address) => NatPmpMessages.TryReadAddressResponse(datagram, out var result, out address) && result == 0,
            time,
            cancellationToken);
        // The port is ours even if the address stays unknown: identify and AutoNAT learn it from others.
        return answer ?? IPAddress.Any;
    }

    private sealed record MapAnswer(ushort Result, ushort ExternalPort, uint LifetimeSeconds);
}
