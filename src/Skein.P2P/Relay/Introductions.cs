using Skein.P2P.Connections;
using Skein.P2P.Identity;

namespace Skein.P2P.Relay;

/// <summary>Waits until a peer has said what it is: its first request travels a round trip ahead of that. Thread-safe.</summary>
internal sealed class Introductions : IDisposable
{
    /// <summary>A slow line's round trip and a lost packet; who says nothing is served as a stranger.</summary>
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(3);

    private readonly P2PHost _host;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();

    // One entry a peer, while somebody waits: the streams that a peer may open to the relay bound the waiters.
    private readonly Dictionary<PeerId, (TaskCompletionSource Said, int Waiters)> _waiting = [];

    public Introductions(P2PHost host, TimeProvider time)
    {
        _host = host;
        _time = time;
        host.PeerIdentified += OnIdentified;
    }

    /// <summary>Returns at once if the peer is known, else when it has said what it is, its connection has ended, or <see cref="Most"/> is over.</summary>
    public async Task WaitAsync(P2PConnection connection, CancellationToken cancellationToken)
    {
        var said = Enter(connection.Peer);
        try
        {
            // Looked at after the entry is there: what is said in between completes it.
            if (_host.Peers.Find(connection.Peer) is { } known && (known.ProtocolVersion ?? (object?)known.Protocols) is not null)
            {
                return;
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(said, connection.Closed, Task.Delay(Most, _time, end.Token));
            await end.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            Leave(connection.Peer);
        }
    }

    public void Dispose() => _host.PeerIdentified -= OnIdentified;

    private Task Enter(PeerId peer)
    {
        lock (_gate)
        {
            var (said, waiters) = _waiting.TryGetValue(peer, out var entry) ? entry : (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
            _waiting[peer] = (said, waiters + 1);
            return said.Task;
        }
    }

    private void Leave(PeerId peer)
    {
        lock (_gate)
        {
            var (said, waiters) = _waiting[peer];
            if (waiters == 1)
            {
                _waiting.Remove(peer);
            }
            else
            {
                _waiting[peer] = (said, waiters - 1);
            }
        }
    }

    private void OnIdentified(object? sender, P2PConnectionEventArgs e)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(e.Connection.Peer, out var entry))
            {
                entry.Said.TrySetResult();
            }
        }
    }
}
