using System.Text.Json;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>Reads the JSON body of a request; the server bounds its size.</summary>
internal static class RequestBody
{
    // Deeper than any conversation or schema; below what could overflow a stack.
    private static readonly JsonDocumentOptions Limits = new() { MaxDepth = 64 };

    /// <summary>Reads the whole body as one JSON object. The caller disposes it.</summary>
    public static async Task<JsonDocument> ReadObjectAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, Limits, cancellationToken);
        }
        catch (JsonException e)
        {
            // The reader's own message may quote the body.
            throw ApiException.Invalid($"The body is not valid JSON: see line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}.", null, "invalid_json");
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        var kind = RequestFields.KindOf(document.RootElement);
        document.Dispose();
        throw ApiException.Invalid($"The body must be a JSON object, but it is {kind}.", null, "invalid_json");
    }
}
