using System.Collections.Concurrent;
using System.Threading.Channels;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Stages;

/// <summary>A coordinator's session stream, at a node: it opens and closes sessions, and owns them.</summary>
/// <remarks>When the stream ends, so do its sessions: KV memory never outlives the one who may use it.</remarks>
internal sealed class CoordinatorConnection
{
    // The last word before closing must not hold up the closing.
    private static readonly TimeSpan NoticeBound = TimeSpan.FromSeconds(1);

    // Sessions that one coordinator may have in opening at once; the reader waits for the next, so a flood of requests costs its sender, not us.
    private const int MaxOpening = 64;

    private readonly StageService _service;
    private readonly WireConnection _connection;
    private readonly ConcurrentDictionary<SessionKey, StageSession> _sessions = new();
    private readonly Channel<StageSession> _opening = Channel.CreateBounded<StageSession>(MaxOpening);

    public CoordinatorConnection(StageService service, WireConnection connection)
    {
        _service = service;
        _connection = connection;
    }

    /// <summary>Who it is, by its name on the transport.</summary>
    public string Remote => _connection.Remote;

    /// <summary>Whether it has no session.</summary>
    public bool IsIdle => _sessions.IsEmpty;

    /// <summary>When it last said something, as a timestamp of the clock.</summary>
    public long LastReceived => _connection.LastReceived;

    /// <summary>Serves the stream until it ends, and its sessions with it.</summary>
    public async Task RunAsync()
    {
        var watch = _connection.WatchAsync(_service.Options.Timing, asks: false, () => !_sessions.IsEmpty);
        SwarmException reason;
        try
        {
            await _connection.SendAsync(_service.DescribeOffers());
            while (true)
            {
                await ServeAsync(await _connection.ReadHeaderAsync());
            }
        }
        catch (Exception failure)
        {
            reason = SwarmErrors.From(failure);
        }

        await _connection.AbortWithNoticeAsync(reason, NoticeBound);
        reason = _connection.Failure ?? reason;
        StageLog.CoordinatorLeft(_service.Logger, _connection.Remote, reason.Message);
        foreach (var session in _sessions.Values)
        {
            session.Close(new SwarmException(SwarmError.SessionClosed, "The coordinator left.", null, reason), FailureSource.Owner);
        }

        await Task.WhenAll(_sessions.Values.Select(static s => s.Ended));
        await watch;
    }

    /// <summary>Sends a message; a broken stream is no failure here, as its end closes every session anyway.</summary>
    public async Task TrySendAsync(IWireMessage message)
    {
        try
        {
            await _connection.SendAsync(message);
        }
        catch (SwarmException)
        {
            // The reader ends too, and reports it.
        }
    }

    /// <summary>A session of this coordinator begins.</summary>
    public void Remember(StageSession session) => _sessions[session.Key] = session;

    /// <summary>A session of this coordinator is over.</summary>
    public void Forget(StageSession session) => _sessions.TryRemove(KeyValuePair.Create(session.Key, session));

    /// <summary>Closes the stream.</summary>
    public void Abort(SwarmException reason) => _connection.Abort(reason);

    private async ValueTask ServeAsync(WireHeader header)
    {
        switch (header.Type)
        {
            case WireMessageType.Heartbeat:
                await _connection.OnHeartbeatAsync(header);
                break;
            case WireMessageType.Open:
                if (!OpenMessage.TryRead((await _connection.ReadBodyAsync(header)).Span, out var open))
                {
                    throw Malformed("open");
                }

                await OpenAsync(open);
                break;
            case WireMessageType.Close:
                if (!CloseMessage.TryRead((await _connection.ReadBodyAsync(header)).Span, out var close))
                {
                    throw Malformed("close");
                }

                Close(close);
                break;
            case WireMessageType.Frame:
                throw new SwarmException(SwarmError.BadMessage, $"{_connection.Remote} sent a frame on a session stream.");
            default:
                // A message of a newer build.
                await _connection.SkipAsync(header);
                break;
        }
    }

    private SwarmException Malformed(string what) => new(SwarmError.BadMessage, $"{_connection.Remote} sent a malformed {what} message.");

    private async ValueTask OpenAsync(OpenMessage open)
    {
        StageSession session;
        try
        {
            session = _service.CreateSession(this, open);
        }
        catch (SwarmException refusal)
        {
            StageLog.SessionRefused(_service.Logger, open.Session, open.Hop, refusal.Message);
            await _connection.SendAsync(new RefusedMessage(open.Session, open.Hop, refusal.Error, refusal.Message, refusal.RetryAfter));
            return;
        }

        await _opening.Writer.WriteAsync(session, _connection.Closed);
        _ = OpenAsync(session);
    }

    private async Task OpenAsync(StageSession session)
    {
        // The reader goes on: dialling the next stage may take seconds.
        await Task.Yield();
        var answer = await session.OpenAsync();
        if (answer is RefusedMessage refused)
        {
            StageLog.SessionRefused(_service.Logger, refused.Session, refused.Hop, refused.Message);
            // Who is refused may ask again at once, under the same id: by then nothing of the first try may be left.
            await session.Ended;
        }

        await TrySendAsync(answer);
        _opening.Reader.TryRead(out _);
    }

    private void Close(CloseMessage close)
    {
        if (_sessions.TryGetValue(new SessionKey(close.Session, close.Hop), out var session))
        {
            session.Close(null, FailureSource.Owner, answer: true);
        }
    }
}
