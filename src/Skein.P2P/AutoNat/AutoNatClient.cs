using System.Collections.Concurrent;
using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.AutoNat;

/// <summary>Asks others to dial this host, and takes their dials (AutoNAT v2). Thread-safe.</summary>
public sealed class AutoNatClient : IDisposable
{
    // A server takes as long as its dial does, and 100 kB over a slow uplink come before.
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan DialBackTimeout = TimeSpan.FromSeconds(10);

    private readonly P2PHost _host;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _nonces = new();
    private int _disposed;

    /// <summary>Takes dials from now on.</summary>
    /// <param name="host">The host; not owned.</param>
    /// <param name="time">Clock.</param>
    public AutoNatClient(P2PHost host, TimeProvider time)
    {
        _host = host;
        _time = time;
        host.Handle(AutoNatProtocol.DialBackId, StreamClass.Control, TakeDialBackAsync, AutoNatProtocol.MaxStreams);
    }

    /// <summary>Takes dials no longer.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _host.Unhandle(AutoNatProtocol.DialBackId);
        }
    }

    /// <summary>Asks a server to dial the first of some addresses that it is willing to dial.</summary>
    /// <param name="server">Whom to ask.</param>
    /// <param name="addresses">Most important first; at most <see cref="AutoNatProtocol.MaxAddresses"/>.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <returns>Whatever came of it: a server that fails or lies is no exception.</returns>
    public async Task<AutoNatOutcome> AskAsync(PeerId server, IReadOnlyList<Multiaddr> addresses, CancellationToken cancellationToken)
    {
        var nonce = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _nonces[nonce] = arrived;
        using var patience = new CancellationTokenSource(AskTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await using var stream = await _host.NewStreamAsync(server, AutoNatProtocol.DialRequestId, StreamClass.Control, bound.Token);
            var request = new DialRequest([.. addresses.Take(AutoNatProtocol.MaxAddresses)], nonce);
            await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { Request = request }.Write(), bound.Token);
            var message = await ReadAsync(stream, bound.Token);
            if (message.DataRequest is { } wanted)
            {
                await SendDialDataAsync(stream, wanted, request, bound.Token);
                message = await ReadAsync(stream, bound.Token);
            }

            return Judge(server, request, message.Response, arrived.Task.IsCompleted);
        }
        catch (Exception fault) when (fault is P2PException or IOException)
        {
            return new AutoNatOutcome(null, null, fault.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new AutoNatOutcome(null, null, $"{server} did not answer within {AskTimeout.TotalSeconds:0} s.");
        }
        finally
        {
            _nonces.TryRemove(nonce, out _);
        }
    }

    private static AutoNatOutcome Judge(PeerId server, DialRequest request, DialResponse? response, bool hasArrived)
    {
        if (response is null)
        {
            return new AutoNatOutcome(null, null, $"{server} answered with something else than a response.");
        }

        if (response.Status != AutoNatStatus.Ok)
        {
            return new AutoNatOutcome(null, null, response.Status switch
            {
                AutoNatStatus.RequestRejected => $"{server} has no time for this now.",
                AutoNatStatus.DialRefused => $"{server} dials none of these addresses.",
                _ => $"{server} failed.",
            });
        }

        if (response.AddressIndex >= request.Addresses.Count)
        {
            return new AutoNatOutcome(null, null, $"{server} says that it dialled an address that it was not given.");
        }

        // The nonce comes before the response: the server waits until it was taken. Without it the server may say what it likes.
        var address = request.Addresses[response.AddressIndex];
        return response.Dial switch
        {
            DialStatus.Ok when hasArrived => new AutoNatOutcome(address, true, "reached"),
            DialStatus.Ok => new AutoNatOutcome(address, null, $"{server} says that it reached us, but nothing arrived."),
            DialStatus.DialError => new AutoNatOutcome(address, false, "nobody answered there"),
            _ => new AutoNatOutcome(address, null, "somebody answered there, but took no message"),
        };
    }

    private static async Task SendDialDataAsync(P2PStream stream, DialDataRequest wanted, DialRequest request, CancellationToken cancellationToken)
    {
        if (wanted.Bytes > AutoNatProtocol.MaxDialData || wanted.AddressIndex >= request.Addresses.Count)
        {
            throw new P2PException(P2PError.LimitReached, $"{stream.Peer} wants {wanted.Bytes} bytes for a dial; {AutoNatProtocol.MaxDialData} is the most.");
        }

        var chunk = new AutoNatMessage { DataLength = AutoNatProtocol.MaxDialDataChunk }.Write();
        for (var left = (long)wanted.Bytes; left > 0; left -= AutoNatProtocol.MaxDialDataChunk)
        {
            await DelimitedMessages.WriteAsync(stream, chunk, cancellationToken);
        }
    }

    private static async Task<AutoNatMessage> ReadAsync(P2PStream stream, CancellationToken cancellationToken)
        => await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, cancellationToken) is { } encoded && AutoNatMessage.TryRead(encoded, out var message)
            ? message
            : throw new P2PException(P2PError.Malformed, $"{stream.Peer} answered an AutoNAT request with something else.");

    private async Task TakeDialBackAsync(P2PStream stream, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(DialBackTimeout, _time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        // A connection that was dialled here, or that a relay carries, proves nothing.
        if (stream.Connection.IsOutbound || stream.Connection.IsRelayed
            || await DelimitedMessages.ReadAsync(stream, DialBackMessage.MaxEncoded, bound.Token) is not { } encoded
            || !DialBackMessage.TryRead(encoded, out var message) || !_nonces.TryRemove(message.Nonce, out var arrived))
        {
            throw new P2PException(P2PError.ProtocolViolation, $"{stream.Peer} dialled back without having been asked.");
        }

        arrived.TrySetResult();
        await DelimitedMessages.WriteAsync(stream, DialBackMessage.Accepted, bound.Token);
    }
}
