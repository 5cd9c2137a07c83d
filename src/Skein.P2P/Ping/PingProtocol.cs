using System.Security.Cryptography;
using Skein.P2P.Errors;

namespace Skein.P2P.Ping;

/// <summary>Measures the round trip with 32 random bytes that come back (libp2p/specs, ping). Stateless.</summary>
public static class PingProtocol
{
    /// <summary>Protocol id.</summary>
    public const string Id = "/ipfs/ping/1.0.0";

    /// <summary>Bytes of one ping.</summary>
    public const int Length = 32;

    /// <summary>Streams that a peer may hold at once: the specification's limit for the one who answers.</summary>
    public const int MaxStreams = 2;

    /// <summary>How long the other side may think about the next ping before the stream is given up.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Sends one ping.</summary>
    /// <param name="stream">Of <see cref="Id"/>; it can be used again.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    /// <returns>The round trip.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolViolation"/>: something else came back.</exception>
    public static async Task<TimeSpan> PingAsync(Stream stream, TimeProvider time, CancellationToken cancellationToken)
    {
        var sent = RandomNumberGenerator.GetBytes(Length);
        var back = new byte[Length];
        var started = time.GetTimestamp();
        await stream.WriteAsync(sent, cancellationToken);
        try
        {
            await stream.ReadExactlyAsync(back, cancellationToken);
        }
        catch (EndOfStreamException fault)
        {
            throw new P2PException(P2PError.ConnectionClosed, "The other side ended the stream instead of answering a ping.", fault);
        }

        return back.AsSpan().SequenceEqual(sent) ? time.GetElapsedTime(started)
            : throw new P2PException(P2PError.ProtocolViolation, "Other bytes came back than the ping sent.");
    }

    /// <summary>Answers pings until the other side ends the stream.</summary>
    public static async Task AnswerAsync(Stream stream, TimeProvider time, CancellationToken cancellationToken)
    {
        var buffer = new byte[Length];
        while (true)
        {
            using var idle = new CancellationTokenSource(IdleTimeout, time);
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
            if (await stream.ReadAtLeastAsync(buffer, Length, throwOnEndOfStream: false, bound.Token) < Length)
            {
                return;
            }

            await stream.WriteAsync(buffer, bound.Token);
        }
    }
}
