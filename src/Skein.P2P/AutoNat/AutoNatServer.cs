using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Kademlia;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.AutoNat;

/// <summary>Tells peers whether they can be reached, by dialling them back: AutoNAT v2, and v1 for those that know no other. Thread-safe.</summary>
/// <remarks>
/// It dials the first address of a request that it may dial and no other; never a private one; never for somebody who comes through a relay; and an address from which the asker does
/// not come only after the asker has sent more bytes than the dial costs whoever lives there. Specification: libp2p/specs, autonat.
/// </remarks>
public sealed class AutoNatServer : IDisposable
{
    private readonly P2PHost _host;
    private readonly AutoNatServerOptions _options;
    private readonly TimeProvider _time;
    private readonly DialBudget _budget;
    private readonly DialBackDialer _dialer;
    private int _disposed;

    /// <summary>Serves both versions from now on.</summary>
    /// <param name="host">The host; not owned.</param>
    /// <param name="transports">Ways to dial that do not leave from a listening port.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock.</param>
    public AutoNatServer(P2PHost host, IReadOnlyList<ITransport> transports, AutoNatServerOptions options, TimeProvider time)
    {
        _host = host;
        _options = options;
        _time = time;
        _budget = new DialBudget(options, time);
        _dialer = new DialBackDialer(transports, time, options.DialTimeout);
        host.Handle(AutoNatProtocol.DialRequestId, StreamClass.Control, ServeAsync, AutoNatProtocol.MaxStreams);
        host.Handle(AutoNatProtocol.V1Id, StreamClass.Control, ServeV1Async, AutoNatProtocol.MaxStreams);
    }

    /// <summary>Serves no longer; dials under way end in order.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _host.Unhandle(AutoNatProtocol.DialRequestId);
            _host.Unhandle(AutoNatProtocol.V1Id);
        }
    }

    private async Task ServeAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.ReadTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        if ((await ReadAsync(stream, bound.Token)).Request is not { } request)
        {
            throw new P2PException(P2PError.ProtocolViolation, $"{stream.Peer} opened an AutoNAT stream with something else than a request.");
        }

        var response = await AnswerAsync(stream, request, bound.Token, cancellationToken);
        await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { Response = response }.Write(), cancellationToken);
    }

    private async Task<DialResponse> AnswerAsync(P2PStream stream, DialRequest request, CancellationToken reading, CancellationToken cancellationToken)
    {
        var index = stream.Connection.IsRelayed ? -1 : request.Addresses.Select((address, place) => (address, place)).FirstOrDefault(entry => MayDial(entry.address, stream), (null, -1)).place;
        if (index < 0)
        {
            return new DialResponse(AutoNatStatus.DialRefused, 0, DialStatus.Unused);
        }

        if (!_budget.TryAsk(AskerOf(stream)))
        {
            return new DialResponse(AutoNatStatus.RequestRejected, 0, DialStatus.Unused);
        }

        var address = request.Addresses[index]!;
        if (!IsOwnAddress(address, stream))
        {
            await TakeDialDataAsync(stream, index, reading);
        }

        if (!_budget.TryDial())
        {
            return new DialResponse(AutoNatStatus.RequestRejected, 0, DialStatus.Unused);
        }

        try
        {
            return new DialResponse(AutoNatStatus.Ok, index, await _dialer.DialAsync(stream.Peer, address, request.Nonce, cancellationToken));
        }
        finally
        {
            _budget.Release();
        }
    }

    private static async Task TakeDialDataAsync(P2PStream stream, int index, CancellationToken cancellationToken)
    {
        var wanted = RandomNumberGenerator.GetInt32(AutoNatProtocol.MinDialData, AutoNatProtocol.MaxDialData + 1);
        await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { DataRequest = new DialDataRequest(index, (ulong)wanted) }.Write(), cancellationToken);
        while (wanted > 0)
        {
            if ((await ReadAsync(stream, cancellationToken)).DataLength is not { } length || (length < AutoNatProtocol.MinDialDataChunk && length < wanted))
            {
                throw new P2PException(P2PError.ProtocolViolation, $"{stream.Peer} did not send the dial data that it was asked for.");
            }

            wanted -= length;
        }
    }

    private async Task ServeV1Async(P2PStream stream, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(_options.ReadTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        if (await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, bound.Token) is not { } encoded)
        {
            return;
        }

        var answer = AutoNatV1Message.TryRead(encoded, out var request) && !request.IsResponse
            ? await AnswerV1Async(stream, request, cancellationToken)
            : Refusal(AutoNatV1Status.BadRequest, "no request");
        await DelimitedMessages.WriteAsync(stream, answer.Write(), cancellationToken);
    }

    private async Task<AutoNatV1Message> AnswerV1Async(P2PStream stream, AutoNatV1Message request, CancellationToken cancellationToken)
    {
        if (stream.Connection.IsRelayed)
        {
            return Refusal(AutoNatV1Status.DialRefused, "not over a relay");
        }

        if (request.Peer is { } named && named != stream.Peer)
        {
            return Refusal(AutoNatV1Status.BadRequest, "only for yourself");
        }

        // There is no dial data in this version: only where the asker comes from.
        var addresses = request.Addresses.Where(address => MayDial(address, stream) && IsOwnAddress(address, stream)).Distinct().Take(_options.V1Addresses).ToList();
        if (addresses.Count == 0)
        {
            return Refusal(AutoNatV1Status.DialRefused, "no address that is yours and public");
        }

        if (!_budget.TryAsk(AskerOf(stream)) || !_budget.TryDial())
        {
            return Refusal(AutoNatV1Status.DialRefused, "too many requests");
        }

        try
        {
            var outcomes = await Task.WhenAll(addresses.Select(address => _dialer.DialAsync(stream.Peer, address, null, cancellationToken)));
            return Array.IndexOf(outcomes, DialStatus.Ok) is var reached and >= 0
                ? new AutoNatV1Message { IsResponse = true, Status = AutoNatV1Status.Ok, Address = addresses[reached] }
                : Refusal(AutoNatV1Status.DialError, "nobody answered");
        }
        finally
        {
            _budget.Release();
        }
    }

    private static AutoNatV1Message Refusal(AutoNatV1Status status, string text) => new() { IsResponse = true, Status = status, StatusText = text };

    private static string AskerOf(P2PStream stream) => (stream.Connection.RemoteIp is { } ip ? IpGroup.Of(ip) : null) ?? stream.Peer.ToString();

    private static async Task<AutoNatMessage> ReadAsync(P2PStream stream, CancellationToken cancellationToken)
        => await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, cancellationToken) is { } encoded && AutoNatMessage.TryRead(encoded, out var message)
            ? message
            : throw new P2PException(P2PError.Malformed, $"{stream.Peer} sent an AutoNAT message that is none.");

    private bool MayDial(Multiaddr? address, P2PStream stream)
    {
        if (address is null || address.IsRelayed || (address.PeerId is { } named && named != stream.Peer) || !_dialer.CanDial(address))
        {
            return false;
        }

        // A name may lead to any private address, and anew at every look.
        return _options.AllowPrivate || (address.TcpEndPoint is { } end && IpScope.IsPublic(end.Address) && HasFamily(address));
    }

    // Without an IPv6 address of our own no IPv6 address can be dialled, and saying that it cannot be reached would be wrong.
    private bool HasFamily(Multiaddr address) => !address.Has(MultiaddrCode.Ip6) || _host.Addresses.Any(own => own.Has(MultiaddrCode.Ip6) && IpScope.IsPublic(own));

    private static bool IsOwnAddress(Multiaddr address, P2PStream stream)
        => stream.Connection.RemoteIp is { } ip ? address.TcpEndPoint is { } end && Plain(end.Address).Equals(Plain(ip)) : address.Parts[0].Text == stream.Connection.Remote.Parts[0].Text;

    private static System.Net.IPAddress Plain(System.Net.IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
