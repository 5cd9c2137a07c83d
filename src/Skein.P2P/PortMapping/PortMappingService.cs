using System.Net;
using System.Net.Sockets;

namespace Skein.P2P.PortMapping;

/// <summary>Keeps one TCP port of the home router leading to us, by whichever way the router understands.</summary>
/// <remarks>Thread-safe. <see cref="Changed"/> is raised on the service's own loop, one call at a time.</remarks>
public sealed class PortMappingService : IAsyncDisposable
{
    private readonly Func<IPAddress?> _findRouter;
    private readonly Func<IPAddress, IReadOnlyList<IPortMapper>> _waysTo;
    private readonly int _port;
    private readonly PortMappingOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstRound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IPAddress? _router;
    private IReadOnlyList<IPortMapper> _mappers = [];
    private Task? _loop;
    private volatile MappedPort? _current;
    private volatile IReadOnlyList<PortMappingResult> _failures = [];

    /// <summary>Makes the service; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="findRouter">Finds the router; null where there is none.</param>
    /// <param name="waysTo">Ways to ask a router, tried in order; those that can be disposed are owned.</param>
    /// <param name="port">Our listening port.</param>
    /// <param name="options">How the mapping is kept.</param>
    /// <param name="time">Paces renewals.</param>
    public PortMappingService(Func<IPAddress?> findRouter, Func<IPAddress, IReadOnlyList<IPortMapper>> waysTo, int port, PortMappingOptions options, TimeProvider time)
    {
        _findRouter = findRouter;
        _waysTo = waysTo;
        _port = port;
        _options = options;
        _time = time;
    }

    /// <summary>Raised when the external address or port changed, or was lost (null).</summary>
    public event Action<MappedPort?>? Changed;

    /// <summary>The port at this moment, or null.</summary>
    public MappedPort? Current => _current;

    /// <summary>What each way said when the last round failed; empty after success. For <c>skein net check</c>.</summary>
    public IReadOnlyList<PortMappingResult> Failures => _failures;

    /// <summary>Completes when every way was tried once, whatever came of it.</summary>
    public Task FirstRound => _firstRound.Task;

    /// <summary>Begins asking.</summary>
    public void Start() => _loop ??= RunAsync(_stopping.Token);

    /// <summary>Stops and gives the port back, within <see cref="PortMappingOptions.ReleaseTimeout"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        if (_loop is { } loop)
        {
            await loop;
        }

        if (Interlocked.Exchange(ref _current, null) is { } mapping)
        {
            using var patience = new CancellationTokenSource(_options.ReleaseTimeout, _time);
            try
            {
                if (_mappers.FirstOrDefault(mapper => mapper.Method == mapping.Method) is { } way)
                {
                    await way.UnmapAsync(mapping, patience.Token);
                }
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException)
            {
                // The router forgets the port when its lifetime ends.
            }
        }

        Forget();
        _firstRound.TrySetResult();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // The constructor's caller goes on at once, whatever a mapper does first.
        await Task.Yield();
        try
        {
            while (true)
            {
                await MapAsync(cancellationToken);
                _firstRound.TrySetResult();
                await Task.Delay(NextRenewal(), _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task MapAsync(CancellationToken cancellationToken)
    {
        if (_findRouter() is not { } router)
        {
            _failures = [PortMappingResult.Failed(PortMappingFailure.NoAnswer, "there is no router")];
            Replace(_current, null);
            return;
        }

        if (!router.Equals(_router))
        {
            // Another network: the port that the last router gave is of no use here, and ends there by itself.
            Forget();
            Replace(_current, null);
            (_router, _mappers) = (router, _waysTo(router));
        }

        var previous = _current;
        var failures = new List<PortMappingResult>();
        // The way that worked goes first: asking another would open a second port.
        foreach (var mapper in _mappers.OrderByDescending(mapper => mapper.Method == previous?.Method))
        {
            PortMappingResult result;
            try
            {
                result = await mapper.MapAsync(_port, previous?.External.Port ?? _port, _options.Lifetime, cancellationToken);
            }
            catch (SocketException fault)
            {
                // The network is gone, and may come back.
                result = PortMappingResult.Failed(PortMappingFailure.NoAnswer, $"the router cannot be reached: {fault.SocketErrorCode}");
            }

            if (result.Mapping is { } mapping)
            {
                _failures = [];
                Replace(previous, mapping);
                return;
            }

            failures.Add(result);
        }

        _failures = failures;
        Replace(previous, null);
    }

    private void Forget()
    {
        foreach (var mapper in _mappers.OfType<IDisposable>())
        {
            mapper.Dispose();
        }

        (_router, _mappers) = (null, []);
    }

    private void Replace(MappedPort? previous, MappedPort? next)
    {
        _current = next;
        if (previous?.External.Equals(next?.External) != true && (previous is not null || next is not null))
        {
            Changed?.Invoke(next);
        }
    }

    private TimeSpan NextRenewal()
    {
        if (_current is not { } mapping)
        {
            return _router is null ? _options.LeastRenewal : _options.RetryDelay;
        }

        // RFC 6886 section 3.3: renew at half the lifetime. A lease without end is looked after all the same: routers restart.
        var half = (mapping.Lifetime > TimeSpan.Zero && mapping.Lifetime < _options.Lifetime ? mapping.Lifetime : _options.Lifetime) / 2;
        return half > _options.LeastRenewal ? half : _options.LeastRenewal;
    }
}
