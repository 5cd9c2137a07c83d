using System.Security.Cryptography;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Errors;

namespace Skein.P2P.Kademlia;

/// <summary>Keeps a node in the network: greets the anchors while nobody is in the table, and walks through the buckets now and then. Thread-safe.</summary>
internal sealed class KadUpkeep : IDisposable
{
    // Buckets farther out than this hold half, a quarter ... of all peers: deeper ones are filled by looking for ourselves.
    private const int MaxRefreshedBuckets = 12;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(60);

    private readonly P2PHost _host;
    private readonly KadClient _client;
    private readonly KadTable _table;
    private readonly KadWalk _walk;
    private readonly KadAnnouncer _announcer;
    private readonly KademliaOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private TaskCompletionSource _alone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public KadUpkeep(P2PHost host, KadClient client, KadTable table, KadWalk walk, KadAnnouncer announcer, KademliaOptions options, TimeProvider time)
    {
        _host = host;
        _client = client;
        _table = table;
        _walk = walk;
        _announcer = announcer;
        _options = options;
        _time = time;
        table.Emptied += OnEmptied;
        host.ConnectionClosed += OnClosed;
    }

    /// <summary>Runs until cancelled.</summary>
    /// <param name="seeds">Where to begin, and where to begin again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IReadOnlyList<Multiaddr> seeds, CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        var refreshDue = DateTimeOffset.MinValue;
        var wasAlone = true;
        while (true)
        {
            if (_table.Count == 0)
            {
                wasAlone = true;
                await GreetAsync(seeds, cancellationToken);
            }

            if (wasAlone && _table.Count > 0)
            {
                // Whoever is back, by our greeting or by its own, may have forgotten what we provide.
                wasAlone = false;
                refreshDue = DateTimeOffset.MinValue;
                _announcer.Hurry();
            }

            if (_table.Count > 0 && _time.GetUtcNow() >= refreshDue)
            {
                refreshDue = _time.GetUtcNow() + _options.RefreshInterval;
                await RefreshBucketsAsync(cancellationToken);
            }

            // While alone, ever more slowly; then when it is due, or at once when the last peer is lost.
            if (_table.Count > 0)
            {
                retry = FirstRetry;
                wasAlone = await WaitUntilAloneAsync(refreshDue - _time.GetUtcNow(), cancellationToken);
            }
            else
            {
                await Task.Delay(retry, _time, cancellationToken);
                retry = TimeSpan.FromTicks(Math.Min(LastRetry.Ticks, 2 * retry.Ticks));
            }
        }
    }

    // The last peer of the table hung up: somebody else is sought at once, not when the next refresh is due.
    private void OnClosed(object? sender, P2PConnectionEventArgs e)
    {
        if (_table.Peers is [var last] && last == e.Connection.Peer && _host.ConnectionsWith(last).Count == 0)
        {
            _table.Remove(last);
        }
    }

    private void OnEmptied()
    {
        lock (_gate)
        {
            _alone.TrySetResult();
        }
    }

    // Whether it was alone, be it for a moment.
    private async Task<bool> WaitUntilAloneAsync(TimeSpan most, CancellationToken cancellationToken)
    {
        Task alone;
        lock (_gate)
        {
            if (_alone.Task.IsCompleted)
            {
                _alone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            alone = _alone.Task;
        }

        // Emptied between the look at the table and here: the wait is not worth it.
        if (most <= TimeSpan.Zero || _table.Count == 0)
        {
            return alone.IsCompleted;
        }

        try
        {
            await alone.WaitAsync(most, _time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            // It is time to refresh.
            return false;
        }
    }

    private async Task GreetAsync(IReadOnlyList<Multiaddr> seeds, CancellationToken cancellationToken) => await Task.WhenAll(seeds.Select(async seed =>
    {
        try
        {
            var connection = await _host.ConnectAsync(seed, cancellationToken);
            var answer = await _client.AskAsync(connection.Peer, new KadMessage { Type = KadMessageType.FindNode, Key = _host.Id.Bytes }, cancellationToken);
            _table.OnAnswer(answer.Connection);
        }
        catch (Exception fault) when (fault is P2PException or IOException or ObjectDisposedException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It is tried again, or another one answers.
        }
    }));

    private async Task RefreshBucketsAsync(CancellationToken cancellationToken)
    {
        await WalkAsync(_host.Id.Bytes, cancellationToken);
        var deepest = Math.Min(_table.DeepestBucket, MaxRefreshedBuckets);
        for (var bucket = 0; bucket <= deepest; bucket++)
        {
            await WalkAsync(RandomKeyIn(bucket), cancellationToken);
        }
    }

    private Task WalkAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
        => _walk.RunAsync(new KadMessage { Type = KadMessageType.FindNode, Key = key }, static (_, _) => false, cancellationToken);

    // The table's point is the hash of the key that is asked for, so a key is drawn until its point lies in the bucket: 2^12 draws at the most, on average.
    private byte[] RandomKeyIn(int bucket)
    {
        var self = KadKey.Of(_host.Id);
        while (true)
        {
            var key = RandomNumberGenerator.GetBytes(32);
            if (self.CommonPrefix(KadKey.Of(key)) == bucket)
            {
                return key;
            }
        }
    }

    /// <summary>Looks at no more events; <see cref="RunAsync"/> must have ended.</summary>
    public void Dispose()
    {
        _table.Emptied -= OnEmptied;
        _host.ConnectionClosed -= OnClosed;
    }
}
