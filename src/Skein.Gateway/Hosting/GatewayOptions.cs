using System.Net;
using Skein.Core.Units;
using Skein.Gateway.OnePort;

namespace Skein.Gateway.Hosting;

/// <summary>What the gateway listens on and how much it takes. Immutable.</summary>
public sealed record GatewayOptions
{
    /// <summary>Where to listen. Loopback unless somebody says otherwise: an open port is a decision. Port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Keys that clients must send as <c>Authorization: Bearer</c>; empty lets everybody in.</summary>
    public IReadOnlyList<string> ApiKeys { get; init; } = [];

    /// <summary>The largest request body. 4 MiB is a million tokens of text: more than any model here takes.</summary>
    public ByteSize MaxRequestBytes { get; init; } = ByteSize.MiB(4);

    /// <summary>The most messages of a conversation: a template loops over them.</summary>
    public int MaxMessages { get; init; } = 2048;

    /// <summary>The most replies that one request may ask for (<c>n</c>, times prompts): each holds KV memory in every stage.</summary>
    public int MaxRepliesPerRequest { get; init; } = 16;

    /// <summary>Replies produced at once; more wait their turn. Each has KV memory and buffers of its own.</summary>
    public int MaxActiveReplies { get; init; } = 64;

    /// <summary>Replies that may wait; beyond that clients are told to come back (429). Each holds a connection and its body.</summary>
    public int MaxQueuedReplies { get; init; } = 256;

    /// <summary>How long a request waits for its turn before it is told to come back.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Tokens of a chat reply when the client names no bound: stages reserve memory for all of them.</summary>
    public int DefaultMaxTokens { get; init; } = 1024;

    /// <summary>How long a client may leave a write unread before it is cut off: meanwhile its reply holds KV memory.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest that a whole reply may take: a last resort, the ring has bounds of its own on progress.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a client may take to send a request's body: 4 MiB at 140 kB/s.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to send its request's headers.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Open connections, idle ones included; more are refused. Each costs some kilobytes.</summary>
    public int MaxConnections { get; init; } = 8192;

    /// <summary>WebSockets of libp2p peers, where the port is shared with them; more are refused. As many as the host keeps connections: 128 KiB of buffers and two loops each.</summary>
    public int MaxPeerWebSockets { get; init; } = 256;

    /// <summary>A request's headers in all: those of browsers with many cookies fit.</summary>
    public ByteSize MaxHeadersBytes { get; init; } = ByteSize.KiB(32);

    /// <summary>How long a connection may wait for its next request.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Serves HTTPS at the same port; null for none. Borrowed.</summary>
    public GatewayCertificate? Certificate { get; init; }

    /// <summary>Requests for replies that are read, wait or run: none can be more than one reply.</summary>
    internal int MaxRequests => MaxActiveReplies + MaxQueuedReplies;

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Some are out of range; the message names all of them.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        AtLeast(1, MaxRequestBytes.Bytes, nameof(MaxRequestBytes));
        AtLeast(1, MaxMessages, nameof(MaxMessages));
        AtLeast(1, MaxRepliesPerRequest, nameof(MaxRepliesPerRequest));
        AtLeast(1, MaxActiveReplies, nameof(MaxActiveReplies));
        AtLeast(0, MaxQueuedReplies, nameof(MaxQueuedReplies));
        AtLeast(1, DefaultMaxTokens, nameof(DefaultMaxTokens));
        AtLeast(1, MaxConnections, nameof(MaxConnections));
        AtLeast(1, MaxPeerWebSockets, nameof(MaxPeerWebSockets));
        AtLeast(1024, MaxHeadersBytes.Bytes, nameof(MaxHeadersBytes));
        Positive(QueueTimeout, nameof(QueueTimeout));
        Positive(WriteTimeout, nameof(WriteTimeout));
        Positive(ReplyTimeout, nameof(ReplyTimeout));
        Positive(BodyTimeout, nameof(BodyTimeout));
        Positive(HeadersTimeout, nameof(HeadersTimeout));
        Positive(IdleTimeout, nameof(IdleTimeout));
        if (MaxRepliesPerRequest > MaxActiveReplies)
        {
            faults.Add($"{nameof(MaxRepliesPerRequest)} ({MaxRepliesPerRequest}) is more than {nameof(MaxActiveReplies)} ({MaxActiveReplies}): such a request could never run.");
        }

        if (ApiKeys.Any(string.IsNullOrWhiteSpace))
        {
            faults.Add($"{nameof(ApiKeys)} holds an empty key.");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException("The gateway's options cannot work. " + string.Join(' ', faults));
        }

        void AtLeast(long least, long value, string name)
        {
            if (value < least)
            {
                faults.Add($"{name} is {value}: at least {least}.");
            }
        }

        void Positive(TimeSpan value, string name)
        {
            if (value <= TimeSpan.Zero)
            {
                faults.Add($"{name} is {value}: it must be positive.");
            }
        }
    }
}
