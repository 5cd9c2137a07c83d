namespace Skein.P2P.PortMapping;

/// <summary>Keeps one TCP port of the home router leading to us, by whichever way the router understands.</summary>
/// <remarks>Thread-safe. <see cref="Changed"/> is raised on the service's own loop, one call at a time.</remarks>
public sealed class PortMappingService : IAsyncDisposable
{
    private readonly IReadOnlyList<IPortMapper> _mappers;
    private readonly int _port;
    private readonly PortMappingOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstRound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _loop;
    private volatile MappedPort? _current;
    private volatile IReadOnlyList<PortMappingResult> _failures = [];

    /// <summary>Makes the service; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="mappers">Ways to ask, tried in order.</param>
    /// <param name="port">Our listening port.</param>
    /// <param name="options">How the mapping is kept.</param>
    /// <param name="time">Paces renewals.</param>
    public PortMappingService(IReadOnlyList<IPortMapper> mappers, int port, PortMappingOptions options, TimeProvider time)
    {
        _mappers = mappers;
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
            using var patience = new CancellationTokenSource();
            using var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, _options.ReleaseTimeout, Timeout.InfiniteTimeSpan);
            try
            {
                await _mappers.First(mapper => mapper.Method == mapping.Method).UnmapAsync(mapping, patience.Token);
            }
            catch (OperationCanceledException)
            {
                // The router forgets the port when its lifetime ends.
            }
        }

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
        var previous = _current;
        var failures = new List<PortMappingResult>();
        // The way that worked goes first: asking another would open a second port.
        foreach (var mapper in _mappers.OrderByDescending(mapper => mapper.Method == previous?.Method))
        {
            var result = await mapper.MapAsync(_port, previous?.External.Port ?? _port, _options.Lifetime, cancellationToken);
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
            return _options.RetryDelay;
        }

        // RFC 6886 section 3.3: renew at half the lifetime. A lease without end is looked after all the same: routers restart.
        var half = (mapping.Lifetime > TimeSpan.Zero && mapping.Lifetime < _options.Lifetime ? mapping.Lifetime : _options.Lifetime) / 2;
        return half > _options.LeastRenewal ? half : _options.LeastRenewal;
    }
}
