using System.Threading.Channels;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Kademlia;

/// <summary>Asks peers that say that they serve the protocol, and lets those in that answer. Thread-safe.</summary>
internal sealed class KadNewcomers : IAsyncDisposable
{
    // Asked at once; a burst of newcomers must not become a burst of traffic.
    private const int Askers = 4;

    // Waiting to be asked: more than a busy minute brings. Beyond, they come in when they identify themselves again, or when a walk meets them.
    private const int MaxWaiting = 256;

    // Who announced itself again within this time is not asked again.
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);

    private readonly P2PHost _host;
    private readonly KadClient _client;
    private readonly KadTable _table;
    private readonly string _protocol;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<PeerId> _waiting = Channel.CreateBounded<PeerId>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task[] _askers;

    public KadNewcomers(P2PHost host, KadClient client, KadTable table, string protocol)
    {
        _host = host;
        _client = client;
        _table = table;
        _protocol = protocol;
        host.PeerIdentified += OnIdentified;
        _askers = [.. Enumerable.Range(0, Askers).Select(_ => AskAsync())];
    }

    /// <summary>Looks at no more newcomers.</summary>
    public async ValueTask DisposeAsync()
    {
        _host.PeerIdentified -= OnIdentified;
        await _stopping.CancelAsync();
        _waiting.Writer.TryComplete();
        await Task.WhenAll(_askers);
        _stopping.Dispose();
    }

    private void OnIdentified(object? sender, P2PConnectionEventArgs e)
    {
        var peer = e.Connection.Peer;
        if (_host.Peers.Find(peer)?.Protocols?.Contains(_protocol, StringComparer.Ordinal) != true)
        {
            _table.Remove(peer);
        }
        else if (!_table.HasHeard(peer, AskAgainAfter))
        {
            _waiting.Writer.TryWrite(peer);
        }
    }

    private async Task AskAsync()
    {
        await foreach (var peer in _waiting.Reader.ReadAllAsync())
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            // Saying that one serves is cheap: only who answers is let in. Asking it for ourselves shows us neighbours of whom it knows.
            if (await AnswersAsync(peer) is { } connection && _table.OnAnswer(connection) is { } silent && await AnswersAsync(silent) is null)
            {
                // Somebody not heard of for long did not answer either, and is gone from the table: its place is the newcomer's.
                _table.OnAnswer(connection);
            }
        }
    }

    // The connection over which the peer answered; null, and the peer no longer in the table, if it did not.
    private async Task<P2PConnection?> AnswersAsync(PeerId peer)
    {
        try
        {
            var connection = (await _client.AskAsync(peer, new KadMessage { Type = KadMessageType.FindNode, Key = _host.Id.Bytes }, _stopping.Token)).Connection;
            if (_table.HasHeard(peer, TimeSpan.MaxValue))
            {
                _table.OnAnswer(connection);
            }

            return connection;
        }
        catch (P2PException)
        {
            _table.Remove(peer);
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
