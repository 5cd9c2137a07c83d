using Skein.Core.Identity;
using Skein.P2P.Kademlia;

namespace Skein.Swarm.Discovery;

/// <summary>Tells the network that this node hosts a model, until disposed. Thread-safe.</summary>
/// <remarks>Only that it does: which blocks, the node says itself when a coordinator asks.</remarks>
public sealed class ModelAnnouncer : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);

    private readonly KademliaService _dht;
    private readonly byte[] _key;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    /// <summary>Begins to announce; the DHT repeats it.</summary>
    public ModelAnnouncer(KademliaService dht, Sha256Digest model, TimeProvider time)
    {
        _dht = dht;
        _key = ModelDirectory.KeyOf(model);
        _time = time;
        _running = RunAsync();
    }

    /// <summary>Completes when somebody has taken the announcement.</summary>
    public Task Announced => _announced.Task;

    /// <summary>Stops; others forget this node when the announcement has aged.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _dht.StopProviding(_key);
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            for (var retry = FirstRetry; await _dht.ProvideAsync(_key, _stopping.Token) == 0; retry = retry < LastRetry ? 2 * retry : LastRetry)
            {
                await Task.Delay(retry, _time, _stopping.Token);
            }

            _announced.TrySetResult();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }
}
