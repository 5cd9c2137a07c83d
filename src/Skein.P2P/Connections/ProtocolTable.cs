using System.Collections.Concurrent;
using Skein.P2P.Errors;
using Skein.P2P.Negotiation;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>The protocols that a host serves: agrees on one with each inbound stream and runs its handler. Thread-safe.</summary>
/// <param name="limits">Time for the agreement.</param>
/// <param name="time">Clock.</param>
/// <param name="running">Counts handlers.</param>
/// <param name="onFailed">Told of a handler's fault.</param>
/// <param name="stopping">Cancelled when the host stops.</param>
internal sealed class ProtocolTable(P2PLimits limits, TimeProvider time, RunningWork running, Action<HandlerFailedEventArgs> onFailed, CancellationToken stopping)
{
    private readonly ConcurrentDictionary<string, ProtocolRegistration> _protocols = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Ids => [.. _protocols.Keys.Order(StringComparer.Ordinal)];

    /// <exception cref="InvalidOperationException">It is served already.</exception>
    public void Add(ProtocolRegistration registration)
    {
        if (!_protocols.TryAdd(registration.Protocol, registration))
        {
            throw new InvalidOperationException($"{registration.Protocol} is served already.");
        }
    }

    public bool Remove(string protocol) => _protocols.TryRemove(protocol, out _);

    /// <summary>Serves one inbound stream to its end.</summary>
    public async Task ServeAsync(P2PConnection connection, YamuxStream inner)
    {
        running.Enter();
        ProtocolRegistration? registration = null;
        var placed = false;
        try
        {
            registration = await AgreeAsync(inner);
            placed = registration is not null && connection.TryTakePlace(registration.Protocol, registration.MaxStreams);
            if (registration is null || !placed)
            {
                inner.Reset();
                return;
            }

            inner.Class = registration.Class;
            connection.Mark(registration.Class);
            await using var stream = new P2PStream(connection, inner, registration.Protocol, optimistic: false);
            await registration.Handler(stream, stopping);
            await stream.CloseWriteAsync(stopping);
        }
        catch (Exception fault)
        {
            // Whatever a handler meets ends its own stream and nothing else.
            inner.Reset();
            if (registration is not null && fault is not (P2PException or IOException or OperationCanceledException or ObjectDisposedException))
            {
                onFailed(new HandlerFailedEventArgs(connection.Peer, registration.Protocol, fault));
            }
        }
        finally
        {
            if (placed)
            {
                connection.GiveBackPlace(registration!.Protocol);
            }

            running.Leave();
        }
    }

    private async Task<ProtocolRegistration?> AgreeAsync(YamuxStream stream)
    {
        using var timeout = new CancellationTokenSource(limits.NegotiationTimeout, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        return await MultistreamSelect.AnswerAsync(stream, _protocols.ContainsKey, () => _protocols.Keys, bound.Token) is { } agreed ? _protocols.GetValueOrDefault(agreed) : null;
    }
}
