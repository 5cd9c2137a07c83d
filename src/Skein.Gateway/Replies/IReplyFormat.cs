using System.Text.Json;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Replies;

/// <summary>How an endpoint writes replies.</summary>
internal interface IReplyFormat
{
    /// <summary>Writes what comes before the first piece of a reply.</summary>
    void WriteBegin(EventStream events, Reply reply);

    /// <summary>Writes a piece of a reply.</summary>
    /// <param name="events">Where to.</param>
    /// <param name="piece">The piece.</param>
    /// <param name="details">How the reply came about, in its last piece if the client asked.</param>
    void WritePiece(EventStream events, ReplyPiece piece, ReplyDetails? details);

    /// <summary>Writes what the request cost.</summary>
    void WriteUsage(EventStream events, Usage usage);

    /// <summary>Writes that the replies broke off.</summary>
    /// <param name="events">Where to.</param>
    /// <param name="unfinished">Places of the replies that are not complete.</param>
    /// <param name="error">Why.</param>
    void WriteError(EventStream events, IReadOnlyList<int> unfinished, ApiError error);

    /// <summary>Writes whole replies.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="results">The replies, in order.</param>
    /// <param name="usage">What they cost.</param>
    /// <param name="details">Whether the client asked how they came about.</param>
    void WriteWhole(Utf8JsonWriter json, IReadOnlyList<ReplyResult> results, Usage usage, bool details);
}
