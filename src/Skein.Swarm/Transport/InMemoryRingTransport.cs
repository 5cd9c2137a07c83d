using System.Collections.Concurrent;
using Skein.Swarm.Errors;

namespace Skein.Swarm.Transport;

/// <summary>A peer on an <see cref="InMemoryRingNetwork"/>. Thread-safe.</summary>
public sealed class InMemoryRingTransport : IRingTransport
{
    private readonly InMemoryRingNetwork _network;
    private readonly ConcurrentDictionary<string, RingStreamHandler> _handlers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<InMemoryStream, byte> _streams = new();
    private readonly ConcurrentDictionary<Task, byte> _serving = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile TaskCompletionSource? _frozen;
    private int _killed;

    internal InMemoryRingTransport(InMemoryRingNetwork network, string name)
    {
        _network = network;
        Name = name;
    }

    /// <summary>The peer's name.</summary>
    public string Name { get; }

    /// <summary>The peer's address.</summary>
    public PeerAddress Address => InMemoryRingNetwork.AddressOf(Name);

    /// <summary>Streams open at this peer, dialled and accepted.</summary>
    public int OpenStreams => _streams.Count;

    /// <summary>From now on nothing that this peer writes arrives, as if its cable was pulled; nobody is told.</summary>
    public void Freeze() => _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public void Thaw()
    {
        _frozen?.TrySetResult();
        _frozen = null;
    }

    /// <summary>Closes every stream at once and leaves the network, as a killed process does.</summary>
    public void Kill()
    {
        if (Interlocked.Exchange(ref _killed, 1) != 0)
        {
            return;
        }

        _network.Leave(this);
        foreach (var stream in _streams.Keys)
        {
            stream.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Handle(string protocol, RingStreamHandler handler)
    {
        if (!_handlers.TryAdd(protocol, handler))
        {
            throw new InvalidOperationException($"{protocol} is served already.");
        }
    }

    /// <inheritdoc/>
    public ValueTask<Stream> ConnectAsync(PeerAddress peer, string protocol, TrafficClass trafficClass, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Volatile.Read(ref _killed) != 0 || _network.Find(peer.Id) is not { } other)
        {
            throw new SwarmException(SwarmError.ConnectFailed, $"{peer} does not answer (not on this network).");
        }

        if (!other._handlers.TryGetValue(protocol, out var handler))
        {
            throw new SwarmException(SwarmError.UnsupportedProtocol, $"{peer} does not serve {protocol}.");
        }

        var (near, far) = InMemoryStream.CreatePair(async token =>
        {
            await Task.WhenAll(_frozen?.Task ?? Task.CompletedTask, other._frozen?.Task ?? Task.CompletedTask).WaitAsync(token);
        });
        _streams[near] = 0;
        near.Closed = () => _streams.TryRemove(near, out _);
        other.Accept(far, handler, Name, trafficClass);
        return ValueTask.FromResult<Stream>(near);
    }

    /// <summary>Leaves the network and waits for the handlers of inbound streams.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Thaw();
        Kill();
        await Task.WhenAll(_serving.Keys);
    }

    private void Accept(InMemoryStream stream, RingStreamHandler handler, string remote, TrafficClass trafficClass)
    {
        _streams[stream] = 0;
        stream.Closed = () => _streams.TryRemove(stream, out _);
        if (Volatile.Read(ref _killed) != 0)
        {
            stream.Dispose();
        }

        var task = ServeAsync();
        _serving[task] = 0;
        _ = ForgetAsync();

        async Task ServeAsync()
        {
            await Task.Yield();
            await using (stream)
            {
                try
                {
                    await handler(new InboundStream(stream, remote, trafficClass), _stop.Token);
                }
                catch (Exception failure) when (failure is IOException or OperationCanceledException)
                {
                    // The stream broke, or this peer left.
                }
            }
        }

        async Task ForgetAsync()
        {
            try
            {
                await task;
            }
            finally
            {
                _serving.TryRemove(task, out _);
            }
        }
    }
}
