using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Skein.Gateway.Replies;

/// <summary>Server-sent events on one response (HTML standard, section 9.2): each carries one JSON value. One writer; not thread-safe.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    private readonly HttpContext _context;
    private readonly TimeSpan _writeTimeout;
    private readonly TimeProvider _time;
    private readonly Utf8JsonWriter _json;

    /// <summary>Begins the response: from here on failures can only be told inside the stream.</summary>
    /// <param name="context">The request.</param>
    /// <param name="writeTimeout">How long the client may leave a write unread.</param>
    /// <param name="time">Measures it.</param>
    public EventStream(HttpContext context, TimeSpan writeTimeout, TimeProvider time)
    {
        _context = context;
        _writeTimeout = writeTimeout;
        _time = time;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        // Proxies like nginx would otherwise collect the stream.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        _json = new Utf8JsonWriter(context.Response.BodyWriter, GatewayJson.WriterOptions);
    }

    /// <summary>Writes one event; it leaves with the next flush.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type)
    {
        var body = _context.Response.BodyWriter;
        body.Write("data: "u8);
        _json.Reset(body);
        JsonSerializer.Serialize(_json, value, type);
        _json.Flush();
        body.Write("\n\n"u8);
    }

    /// <summary>Says that the stream is complete, as OpenAI's clients expect it.</summary>
    public void WriteDone() => _context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);

    /// <summary>Sends what was written.</summary>
    /// <exception cref="Errors.ClientGoneException">The client left or did not read.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => BoundedFlush.FlushAsync(_context, _writeTimeout, _time, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        // Only the writer's own buffer: the response belongs to the server.
        _json.Reset(Stream.Null);
        return _json.DisposeAsync();
    }
}
