using Skein.P2P.Errors;
using Skein.P2P.Wire;

namespace Skein.P2P.Negotiation;

/// <summary>Agrees on the protocol of a connection or stream (libp2p/specs, connections; multiformats/multistream-select). Stateless.</summary>
/// <remarks>
/// Each line is a uvarint length, the text, and a newline that the length counts. Nothing is read beyond the last line of the negotiation, so the stream
/// can be handed on as it is. The caller bounds the time.
/// </remarks>
public static class MultistreamSelect
{
    /// <summary>The first line of both sides.</summary>
    public const string Header = "/multistream/1.0.0";

    /// <summary>Longest line with its newline: js-libp2p's limit.</summary>
    public const int MaxLine = 1024;

    /// <summary>Proposals that a listener looks at before it gives up.</summary>
    public const int MaxProposals = 10;

    private const string NotAvailable = "na";
    private const string List = "ls";

    /// <summary>The bytes of one line.</summary>
    public static byte[] EncodeLine(string text)
    {
        var length = System.Text.Encoding.UTF8.GetByteCount(text) + 1;
        if (length > MaxLine)
        {
            throw new P2PException(P2PError.LimitReached, $"A protocol id of {length - 1} bytes is over the limit of {MaxLine - 1}.");
        }

        var prefix = Uvarint.LengthOf((ulong)length);
        var line = new byte[prefix + length];
        Uvarint.Write(line, (ulong)length);
        System.Text.Encoding.UTF8.GetBytes(text, line.AsSpan(prefix));
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Header and first proposal, which travel in one write; the first request may follow them at once.</summary>
    public static byte[] EncodeProposal(string protocol) => [.. EncodeLine(Header), .. EncodeLine(protocol)];

    /// <summary>Proposes protocols one after another until the other side takes one.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="protocols">Best first; at least one.</param>
    /// <param name="cancellationToken">Not safe midway: the stream is then of no more use.</param>
    /// <returns>The protocol taken.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolNotSupported"/>: none is spoken there; <see cref="P2PError.Malformed"/>.</exception>
    public static async ValueTask<string> ProposeAsync(Stream stream, IReadOnlyList<string> protocols, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(EncodeProposal(protocols[0]), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        for (var i = 0; ; i++)
        {
            if (i > 0)
            {
                await stream.WriteAsync(EncodeLine(protocols[i]), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
            else
            {
                await ExpectHeaderAsync(stream, cancellationToken);
            }

            if (await ReadAnswerAsync(stream, protocols[i], cancellationToken))
            {
                return protocols[i];
            }

            if (i == protocols.Count - 1)
            {
                throw NotSupported(protocols);
            }
        }
    }

    /// <summary>Reads the answer to a proposal that was sent with <see cref="EncodeProposal"/>.</summary>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolNotSupported"/> or <see cref="P2PError.Malformed"/>.</exception>
    public static async ValueTask ReadOptimisticAnswerAsync(Stream stream, string protocol, CancellationToken cancellationToken)
    {
        await ExpectHeaderAsync(stream, cancellationToken);
        if (!await ReadAnswerAsync(stream, protocol, cancellationToken))
        {
            throw NotSupported([protocol]);
        }
    }

    /// <summary>Answers the other side's proposals until one is spoken here.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="isSupported">Whether a protocol is spoken here.</param>
    /// <param name="supported">All of them, for a peer that asks for the list.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    /// <returns>The protocol agreed on; null if the other side gave up and closed.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.Malformed"/>, or <see cref="P2PError.LimitReached"/> after <see cref="MaxProposals"/> refusals.</exception>
    public static async ValueTask<string?> AnswerAsync(Stream stream, Func<string, bool> isSupported, Func<IEnumerable<string>> supported, CancellationToken cancellationToken)
    {
        if (await ReadLineAsync(stream, cancellationToken) is not { } first)
        {
            return null;
        }

        if (first != Header)
        {
            throw new P2PException(P2PError.Malformed, "The other side does not speak multistream-select 1.0.0.");
        }

        // Our header goes out with the first answer, unless the other side waits for it before it proposes.
        var proposal = ReadLineAsync(stream, cancellationToken);
        var headerOwed = proposal.IsCompleted;
        if (!headerOwed)
        {
            await stream.WriteAsync(EncodeLine(Header), cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }

        for (var tries = 0; tries < MaxProposals; tries++)
        {
            if (await proposal is not { } line)
            {
                return null;
            }

            var taken = isSupported(line);
            var answer = line == List ? EncodeList(supported()) : EncodeLine(taken ? line : NotAvailable);
            await stream.WriteAsync(headerOwed ? [.. EncodeLine(Header), .. answer] : answer, cancellationToken);
            await stream.FlushAsync(cancellationToken);
            headerOwed = false;
            if (taken)
            {
                return line;
            }

            proposal = ReadLineAsync(stream, cancellationToken);
        }

        throw new P2PException(P2PError.LimitReached, $"The other side made {MaxProposals} proposals of protocols that are not spoken here.");
    }

    /// <summary>Reads one line from the start of the bytes.</summary>
    /// <param name="source">Starts with a line.</param>
    /// <param name="text">The line without its newline.</param>
    /// <param name="consumed">Bytes read.</param>
    /// <returns>False if the line is malformed, too long, or not whole.</returns>
    public static bool TryReadLine(ReadOnlySpan<byte> source, out string text, out int consumed)
    {
        text = string.Empty;
        consumed = 0;
        if (!Uvarint.TryRead(source, out var length, out var prefix) || length is 0 or > MaxLine || (int)length > source.Length - prefix)
        {
            return false;
        }

        consumed = prefix + (int)length;
        return TryDecode(source.Slice(prefix, (int)length), out text);
    }

    private static async ValueTask ExpectHeaderAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (await ReadLineAsync(stream, cancellationToken) != Header)
        {
            throw new P2PException(P2PError.Malformed, "The other side does not speak multistream-select 1.0.0.");
        }
    }

    private static async ValueTask<bool> ReadAnswerAsync(Stream stream, string proposed, CancellationToken cancellationToken)
    {
        var answer = await ReadLineAsync(stream, cancellationToken);
        if (answer == proposed)
        {
            return true;
        }

        return answer == NotAvailable ? false : throw new P2PException(P2PError.Malformed, "The other side answered a proposal with something else.");
    }

    private static async ValueTask<string?> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (await DelimitedMessages.ReadAsync(stream, MaxLine, cancellationToken) is not { } line)
        {
            return null;
        }

        return TryDecode(line, out var text) ? text : throw new P2PException(P2PError.Malformed, "A line of the negotiation is not text that ends with a newline.");
    }

    private static bool TryDecode(ReadOnlySpan<byte> line, out string text)
    {
        text = string.Empty;
        if (line.IsEmpty || line[^1] != (byte)'\n' || !System.Text.Unicode.Utf8.IsValid(line))
        {
            return false;
        }

        text = System.Text.Encoding.UTF8.GetString(line[..^1]);
        return true;
    }

    private static byte[] EncodeList(IEnumerable<string> protocols)
    {
        var body = new List<byte>();
        foreach (var protocol in protocols)
        {
            body.AddRange(EncodeLine(protocol));
        }

        body.Add((byte)'\n');
        var prefix = new byte[Uvarint.LengthOf((ulong)body.Count)];
        Uvarint.Write(prefix, (ulong)body.Count);
        return [.. prefix, .. body];
    }

    private static P2PException NotSupported(IReadOnlyList<string> protocols)
        => new(P2PError.ProtocolNotSupported, $"The other side does not speak {string.Join(", ", protocols)}.");
}
