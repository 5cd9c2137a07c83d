using System.Text.Json;
using Skein.Gateway.Errors;
using Skein.Gateway.Hosting;

namespace Skein.Gateway.Requests;

/// <summary>Reads the JSON body of a request.</summary>
internal static class RequestBody
{
    // Deeper than any conversation or schema; below what could overflow a stack.
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 64 };

    /// <summary>Reads the whole body as one JSON object and hands it to <paramref name="read"/>.</summary>
    /// <remarks>
    /// The server bounds the size. What is buffered while a body arrives is at most twice what arrived. The parsed document is several times that; it lives while
    /// <paramref name="read"/> runs, which does not wait, so there are never more of them than threads.
    /// </remarks>
    /// <exception cref="ApiException">Not JSON, not an object, or it took too long to arrive.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, GatewayOptions options, TimeProvider time, Func<RequestFields, T> read)
    {
        using var body = new MemoryStream();
        using var late = new CancellationTokenSource(options.BodyTimeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, late.Token);
        try
        {
            await context.Request.Body.CopyToAsync(body, ended.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new ApiException(
                StatusCodes.Status408RequestTimeout,
                new ApiError($"The body did not arrive within {options.BodyTimeout.TotalSeconds:0} s.", "invalid_request_error", null, "request_timeout"));
        }

        using var document = Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? read(new RequestFields(document.RootElement, string.Empty))
            : throw ApiException.Invalid($"The body must be a JSON object, but it is {RequestFields.KindOf(document.RootElement)}.", null, "invalid_json");
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(body, Limits);
        }
        catch (JsonException e)
        {
            // The reader's own message may quote the body.
            throw ApiException.Invalid($"The body is not valid JSON: see line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}.", null, "invalid_json");
        }
    }
}
