using Skein.P2P.Connections;
using Skein.P2P.Identity;

namespace Skein.P2P.HolePunching;

/// <summary>Waits for a direct connection with a peer, whoever makes it.</summary>
internal sealed class DirectWatch : IDisposable
{
    private readonly P2PHost _host;
    private readonly PeerId _peer;
    private readonly TaskCompletionSource _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DirectWatch(P2PHost host, PeerId peer)
    {
        _host = host;
        _peer = peer;
        host.ConnectionOpened += OnOpened;
        if (host.ConnectionsWith(peer).Any(connection => !connection.IsRelayed && !connection.Closed.IsCompleted))
        {
            _found.TrySetResult();
        }
    }

    public Task Task => _found.Task;

    public void Dispose() => _host.ConnectionOpened -= OnOpened;

    private void OnOpened(object? sender, P2PConnectionEventArgs e)
    {
        if (e.Connection.Peer == _peer && !e.Connection.IsRelayed)
        {
            _found.TrySetResult();
        }
    }
}
