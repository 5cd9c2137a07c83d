using Skein.P2P.Errors;

namespace Skein.P2P.Wire;

/// <summary>Messages on a stream, each behind its length as a uvarint.</summary>
public static class DelimitedMessages
{
    /// <summary>Reads one message, and not a byte more.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="maxLength">A longer message is refused before room is made for it.</param>
    /// <param name="cancellationToken">Safe, but the stream is then in the middle of a message.</param>
    /// <returns>The message; null if the stream ended before its first byte.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>: the length is none, or the stream ended within the message; <see cref="P2PError.LimitReached"/>: too long.</exception>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, int maxLength, CancellationToken cancellationToken)
    {
        var prefix = new byte[Uvarint.MaxLength];
        var have = 0;
        while (true)
        {
            if (await stream.ReadAsync(prefix.AsMemory(have, 1), cancellationToken) == 0)
            {
                return have == 0 ? null : throw new P2PException(P2PError.Malformed, "The stream ended within the length of a message.");
            }

            have++;
            if (prefix[have - 1] < 0x80)
            {
                break;
            }

            if (have == prefix.Length)
            {
                throw new P2PException(P2PError.Malformed, "The length of a message runs over ten bytes.");
            }
        }

        if (!Uvarint.TryRead(prefix.AsSpan(0, have), out var length, out _))
        {
            throw new P2PException(P2PError.Malformed, "The length of a message is not in its shortest form.");
        }

        if (length > (ulong)maxLength)
        {
            throw new P2PException(P2PError.LimitReached, $"A message of {length} bytes is over the limit of {maxLength}.");
        }

        var message = new byte[(int)length];
        try
        {
            await stream.ReadExactlyAsync(message, cancellationToken);
        }
        catch (EndOfStreamException fault)
        {
            throw new P2PException(P2PError.Malformed, $"The stream ended within a message of {length} bytes.", fault);
        }

        return message;
    }

    /// <summary>Writes one message.</summary>
    public static async ValueTask WriteAsync(Stream stream, ProtoWriter message, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(message.ToDelimited(), cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }
}
