using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Skein.P2P.PortMapping;

/// <summary>Asks a router by the Port Control Protocol (RFC 6887), IPv4 or IPv6.</summary>
public sealed class PcpClient : IPortMapper
{
    private readonly IPEndPoint _router;
    private readonly TimeProvider _time;
    // The nonce names our mappings; the router lets only it renew or delete them.
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(PcpMessages.NonceSize);

    /// <summary>Makes a client.</summary>
    /// <param name="router">The default gateway, port <see cref="NatPmpMessages.RouterPort"/>.</param>
    /// <param name="time">Paces the tries.</param>
    public PcpClient(IPEndPoint router, TimeProvider time)
    {
        _router = router;
        _time = time;
    }

    /// <inheritdoc/>
    public string Method => "pcp";

    /// <inheritdoc/>
    public async ValueTask<PortMappingResult> MapAsync(int internalPort, int suggestedExternalPort, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(checked((ushort)internalPort), checked((ushort)suggestedExternalPort), checked((uint)lifetime.TotalSeconds), cancellationToken);
        if (answer is null)
        {
            return PortMappingResult.Failed(PortMappingFailure.NoAnswer, "the router does not answer PCP");
        }

        if (answer.Result != 0)
        {
            return PortMappingResult.Failed(FailureOf(answer.Result), $"the router refused by PCP (result {answer.Result})");
        }

        return answer.External.Port == 0 || answer.LifetimeSeconds == 0
            ? PortMappingResult.Failed(PortMappingFailure.BadAnswer, "the router gave port 0 or no time by PCP")
            : PortMappingResult.Success(new MappedPort(answer.External, internalPort, TimeSpan.FromSeconds(answer.LifetimeSeconds), Method));
    }

    /// <inheritdoc/>
    public async ValueTask UnmapAsync(MappedPort mapping, CancellationToken cancellationToken)
        => await AskAsync((ushort)mapping.InternalPort, 0, 0, cancellationToken);

    // Section 7.4.
    private static PortMappingFailure FailureOf(byte result) => result switch
    {
        1 or 4 or 5 or 9 => PortMappingFailure.NotSupported,
        2 or 12 => PortMappingFailure.NotAllowed,
        8 or 10 or 11 => PortMappingFailure.Conflict,
        _ => PortMappingFailure.RouterFailed,
    };

    private async ValueTask<Answer?> AskAsync(ushort internalPort, ushort externalPort, uint lifetimeSeconds, CancellationToken cancellationToken)
    {
        var request = new byte[PcpMessages.MapSize];
        PcpMessages.WriteMapRequest(request, OwnAddress(), _nonce, internalPort, externalPort, lifetimeSeconds);
        return await RouterDatagrams.AskAsync<Answer>(_router, request, (ReadOnlySpan<byte> datagram, out Answer answer) => TryRead(datagram, internalPort, out answer), _time, cancellationToken);
    }

    private bool TryRead(ReadOnlySpan<byte> datagram, ushort expectedPort, out Answer answer)
    {
        var read = PcpMessages.TryReadMapResponse(datagram, _nonce, out var result, out var internalPort, out var external, out var lifetime);
        answer = new Answer(result, external, lifetime);
        return read && (result != 0 || internalPort == expectedPort);
    }

    // The router compares this with the datagram's source, to notice a second NAT in between.
    private IPAddress OwnAddress()
    {
        using var socket = new Socket(_router.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(_router);
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }

    private sealed record Answer(byte Result, IPEndPoint External, uint LifetimeSeconds);
}
