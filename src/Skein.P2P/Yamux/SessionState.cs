using Skein.P2P.Errors;

namespace Skein.P2P.Yamux;

/// <summary>What all parts of one session share: its lock, its limits, its clock, and how far it is on its way to its end. What can change is guarded by the lock, unless it says otherwise.</summary>
internal sealed class SessionState(YamuxOptions options, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private uint _pingId;

    /// <summary>The one lock of the session. Nobody calls the application, the socket or a continuation under it.</summary>
    public Lock Gate { get; } = new();

    public YamuxOptions Options { get; } = options;

    public TimeProvider Time { get; } = time;

    /// <summary>Round trip of the last ping, without the peer's thinking time; zero if not known yet. Read without the lock.</summary>
    public TimeSpan RoundTrip { get; set; }

    /// <summary>Why the session ended; null while it lives. The first reason stands.</summary>
    public P2PException? Fault { get; set; }

    /// <summary>Whether we have said that we take no more streams.</summary>
    public bool GoAwaySent { get; set; }

    /// <summary>Whether the other side has.</summary>
    public bool RemoteGoneAway { get; set; }

    /// <summary>Cancelled when the session ends. Thread-safe.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether the session ends. Thread-safe.</summary>
    public bool IsEnding => _ending.IsCancellationRequested;

    public static P2PException Violation(string what) => new(P2PError.ProtocolViolation, $"The other side broke the Yamux protocol: {what}.");

    /// <summary>A number for the next ping: the session's own and the pacer's markers count together, so that an answer belongs to one of them.</summary>
    public uint TakePingId() => ++_pingId;

    /// <summary>Stops the loops. Called without the lock.</summary>
    public void End() => _ending.Cancel();

    public void Dispose() => _ending.Dispose();
}
