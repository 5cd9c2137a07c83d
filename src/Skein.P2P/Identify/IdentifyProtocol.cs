using Skein.P2P.Errors;
using Skein.P2P.Wire;

namespace Skein.P2P.Identify;

/// <summary>Reading and writing of Identify messages. Stateless.</summary>
public static class IdentifyProtocol
{
    /// <summary>Asked of a peer: the answerer writes and closes.</summary>
    public const string Id = "/ipfs/id/1.0.0";

    /// <summary>Told by a peer when something changed: the opener writes and closes.</summary>
    public const string PushId = "/ipfs/id/push/1.0.0";

    /// <summary>Streams of each that a peer may hold at once.</summary>
    public const int MaxStreams = 4;

    /// <summary>How long an exchange may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Reads to the end of the stream and merges what came.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/> or <see cref="P2PError.LimitReached"/>.</exception>
    public static async Task<IdentifyMessage> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        IdentifyMessage? whole = null;
        for (var i = 0; i < IdentifyMessage.MaxMessages; i++)
        {
            if (await DelimitedMessages.ReadAsync(stream, IdentifyMessage.MaxEncoded, cancellationToken) is not { } encoded)
            {
                return whole ?? throw new P2PException(P2PError.Malformed, "The other side ended an identify stream without a message.");
            }

            if (!IdentifyMessage.TryRead(encoded, out var message))
            {
                throw new P2PException(P2PError.Malformed, "An identify message is malformed.");
            }

            whole = whole?.Merge(message) ?? message;
        }

        return whole!;
    }
}
