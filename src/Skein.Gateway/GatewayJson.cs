using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skein.Gateway.Chat;
using Skein.Gateway.Completions;
using Skein.Gateway.Errors;
using Skein.Gateway.Health;
using Skein.Gateway.Serving;

namespace Skein.Gateway;

/// <summary>How the API's bodies are written: snake case, nulls left out unless a type says otherwise.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(ChatCompletionRequest))]
[JsonSerializable(typeof(TextCompletion))]
[JsonSerializable(typeof(TextCompletionRequest))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(ReadinessReport))]
internal sealed partial class GatewayJson : JsonSerializerContext
{
    /// <summary>Bodies are JSON and say so (with nosniff), never HTML: text need not be escaped for it.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
