using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skein.Cli.Chat;

/// <summary>Talks to an OpenAI-compatible gateway.</summary>
/// <param name="http">With the gateway's address.</param>
/// <param name="model">The model that answers.</param>
/// <param name="completesText">Whether it is known already that the model cannot chat; else the first reply tells.</param>
internal sealed class ChatClient(HttpClient http, string model, bool completesText = false)
{
    /// <summary>The model that answers.</summary>
    public string Model => model;

    /// <summary>Whether the model has no chat template, so that it only continues the last message's text.</summary>
    public bool CompletesText { get; private set; } = completesText;

    /// <summary>Names of the models that a gateway serves.</summary>
    public static async Task<IReadOnlyList<string>> ListModelsAsync(HttpClient http, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync("v1/models", cancellationToken);
        await ThrowIfFailedAsync(response, cancellationToken);
        var list = await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken);
        return [.. list!["data"]!.AsArray().Select(m => m!["id"]!.GetValue<string>())];
    }

    /// <summary>Asks for a reply and yields its text as it comes.</summary>
    /// <exception cref="ChatException">The gateway refused, or the reply broke off: what came so far is not whole.</exception>
    public async IAsyncEnumerable<string> StreamAsync(IReadOnlyList<ChatMessage> messages, ChatSettings settings, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(messages, settings, stream: true, cancellationToken);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var finished = false;
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (item.Data == "[DONE]")
            {
                break;
            }

            var chunk = JsonNode.Parse(item.Data)!;
            if (chunk["error"] is { } error)
            {
                throw new ChatException(error["message"]?.GetValue<string>() ?? "the reply broke off");
            }

            if (chunk["choices"] is not JsonArray { Count: > 0 } choices)
            {
                continue;
            }

            if ((choices[0]!["delta"]?["content"] ?? choices[0]!["text"])?.GetValue<string>() is { Length: > 0 } text)
            {
                yield return text;
            }

            finished |= choices[0]!["finish_reason"] is JsonValue reason && reason.GetValue<string>() is "stop" or "length";
        }

        if (!finished)
        {
            throw new ChatException("the reply broke off before its end");
        }
    }

    /// <summary>Asks for a reply and returns the whole response, with what each stage did for it.</summary>
    /// <exception cref="ChatException">The gateway refused.</exception>
    public async Task<JsonNode> CompleteAsync(IReadOnlyList<ChatMessage> messages, ChatSettings settings, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(messages, settings, stream: false, cancellationToken);
        return (await response.Content.ReadFromJsonAsync<JsonNode>(cancellationToken))!;
    }

    // The gateway says by its first refusal that a model cannot chat: the last message is then text to continue.
    private async Task<HttpResponseMessage> SendAsync(IReadOnlyList<ChatMessage> messages, ChatSettings settings, bool stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, CompletesText ? "v1/completions" : "v1/chat/completions") { Content = Body(messages, settings, stream) };
            var response = await http.SendAsync(request, stream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, cancellationToken);
            try
            {
                await ThrowIfFailedAsync(response, cancellationToken);
                return response;
            }
            catch (ChatException e) when (e.Reason == "no_chat_template" && !CompletesText)
            {
                response.Dispose();
                CompletesText = true;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    private JsonContent Body(IReadOnlyList<ChatMessage> messages, ChatSettings settings, bool stream)
    {
        var body = new JsonObject { ["model"] = model, ["stream"] = stream, ["temperature"] = settings.Temperature };
        if (CompletesText)
        {
            body["prompt"] = messages[^1].Content;
            body["max_tokens"] = settings.MaxTokens;
        }
        else
        {
            body["messages"] = new JsonArray([.. messages.Select(m => new JsonObject { ["role"] = m.Role, ["content"] = m.Content })]);
            body["max_completion_tokens"] = settings.MaxTokens;
        }

        if (settings.Seed is { } seed)
        {
            body["seed"] = seed;
        }

        if (!stream)
        {
            body["x_skein"] = true;
        }

        return JsonContent.Create(body);
    }

    private static async Task ThrowIfFailedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        string? message = null;
        string? reason = null;
        try
        {
            var error = JsonNode.Parse(text)?["error"];
            message = error?["message"]?.GetValue<string>();
            reason = error?["code"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not our gateway's error shape; the status says enough.
        }

        throw new ChatException(message ?? $"the gateway answered {(int)response.StatusCode} {response.ReasonPhrase}", response.StatusCode, reason);
    }
}
