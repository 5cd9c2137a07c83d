using System.Threading.RateLimiting;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Hosting;

/// <summary>Bounds the requests that are held, the replies that are produced at once and those that wait. First come, first served. Thread-safe.</summary>
internal sealed class AdmissionGate(GatewayOptions options, TimeProvider time) : IDisposable
{
    // About one short reply of a small model.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly ConcurrencyLimiter _requests = new(new ConcurrencyLimiterOptions { PermitLimit = options.MaxRequests, QueueLimit = 0 });

    private readonly ConcurrencyLimiter _replies = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.MaxActiveReplies,
        QueueLimit = options.MaxQueuedReplies,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Takes a request in before its body is read, or refuses it at once. Disposing the result lets another in.</summary>
    /// <exception cref="ApiException">429: too many requests are here already.</exception>
    public IDisposable Enter()
    {
        var lease = _requests.AttemptAcquire();
        return lease.IsAcquired ? lease : throw ApiException.TooManyRequests(RetryDelay);
    }

    /// <summary>Waits for room to produce replies. Disposing the result gives the room back.</summary>
    /// <exception cref="ApiException">429: too many wait already, or the wait took too long.</exception>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public async ValueTask<IDisposable> WaitAsync(int replies, CancellationToken cancellationToken)
    {
        using var waited = new CancellationTokenSource(options.QueueTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(waited.Token, cancellationToken);
        try
        {
            var lease = await _replies.AcquireAsync(replies, either.Token);
            if (lease.IsAcquired)
            {
                return lease;
            }

            lease.Dispose();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Waited long enough.
        }

        throw ApiException.TooManyRequests(RetryDelay);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        _replies.Dispose();
    }
}
