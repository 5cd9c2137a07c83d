using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Links;

/// <summary>A warm stream of frames between two neighbours, shared by all their sessions.</summary>
/// <remarks>Frames flow from the side that dialled, and back from a tail to the coordinator that dialled it. Errors flow both ways.</remarks>
internal sealed class FrameLink
{
    // The last word before closing must not hold up the closing.
    private static readonly TimeSpan NoticeBound = TimeSpan.FromSeconds(1);

    private readonly WireConnection _connection;
    private int _leases;

    public FrameLink(WireConnection connection, UInt128 id, TrafficClass trafficClass, PeerAddress? dialled)
    {
        _connection = connection;
        Id = id;
        Class = trafficClass;
        Dialled = dialled;
    }

    /// <summary>Names the link in <see cref="OpenMessage.ReturnLink"/>.</summary>
    public UInt128 Id { get; }

    /// <summary>What its frames are for.</summary>
    public TrafficClass Class { get; }

    /// <summary>Who was dialled; null when the other side dialled.</summary>
    public PeerAddress? Dialled { get; }

    /// <summary>Names the other side, for people.</summary>
    public string Remote => _connection.Remote;

    /// <summary>Why it was closed; null while it is open.</summary>
    public SwarmException? Failure => _connection.Failure;

    /// <summary>Round trip to the other side; null if this side did not dial, or it is not known yet.</summary>
    public TimeSpan? RoundTrip => _connection.RoundTrip;

    /// <summary>How many sessions use the link.</summary>
    public int Leases => Volatile.Read(ref _leases);

    /// <summary>One more session uses the link: heartbeats become frequent.</summary>
    public void Lease() => Interlocked.Increment(ref _leases);

    /// <summary>One session less uses the link.</summary>
    public void Release() => Interlocked.Decrement(ref _leases);

    /// <summary>Sends a frame.</summary>
    /// <returns>Bytes sent.</returns>
    public ValueTask<int> SendAsync(FrameHeader header, ReadOnlyMemory<float> rows, IRowCodec codec) => _connection.SendFrameAsync(header, rows, codec);

    /// <summary>Tells the other side that a session failed.</summary>
    public ValueTask SendAsync(ErrorMessage error) => _connection.SendAsync(error);

    /// <summary>Closes the link.</summary>
    public void Abort(SwarmException reason) => _connection.Abort(reason);

    /// <summary>Reads until the link is closed.</summary>
    public async Task RunAsync(ILinkHost host, LinkTiming timing)
    {
        var watch = _connection.WatchAsync(timing, asks: Dialled is not null, () => Leases > 0);
        SwarmException reason;
        try
        {
            while (true)
            {
                var header = await _connection.ReadHeaderAsync();
                switch (header.Type)
                {
                    case WireMessageType.Frame:
                        await TakeAsync(host, header);
                        break;
                    case WireMessageType.Error:
                        OnError(host, await _connection.ReadBodyAsync(header));
                        break;
                    case WireMessageType.Heartbeat:
                        await _connection.OnHeartbeatAsync(header);
                        break;
                    default:
                        // A message of a newer build.
                        await _connection.SkipAsync(header);
                        break;
                }
            }
        }
        catch (Exception failure)
        {
            reason = SwarmErrors.From(failure);
        }

        await _connection.AbortWithNoticeAsync(reason, NoticeBound);
        host.OnClosed(this, _connection.Failure ?? reason);
        await watch;
    }

    private async ValueTask TakeAsync(ILinkHost host, WireHeader header)
    {
        if (host.Admit(this, header.Frame, out var complaint) is not { } target)
        {
            await _connection.SkipAsync(header);
            if (complaint is not null)
            {
                await _connection.SendAsync(complaint);
            }

            return;
        }

        ReceivedFrame frame;
        try
        {
            frame = await _connection.ReadFrameAsync(header);
        }
        catch
        {
            target.Abandon(header.Frame);
            throw;
        }

        target.Deliver(this, frame);
    }

    private void OnError(ILinkHost host, ReadOnlyMemory<byte> body)
    {
        if (!ErrorMessage.TryRead(body.Span, out var error))
        {
            throw new SwarmException(SwarmError.BadMessage, $"{Remote} sent a malformed error.");
        }

        if (error.Session is null)
        {
            // The other side is about to close, and says why.
            throw new SwarmException(SwarmError.PeerLost, $"{Remote} closed the connection: {error.Message}");
        }

        host.OnError(this, error);
    }
}
