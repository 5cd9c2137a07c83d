using System.Text;
using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates;
using Skein.Engine.Tokenizing;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Hosting;

/// <summary>The model's own chat template as the gateway asks for it. Thread-safe.</summary>
internal sealed class ModelChatPrompt : IChatPrompt
{
    private readonly ChatTemplate _template;

    private ModelChatPrompt(ChatTemplate template) => _template = template;

    /// <summary>Reads a template.</summary>
    /// <exception cref="ChatTemplateException">It does not parse.</exception>
    public static ModelChatPrompt Create(string template, LlamaTokenizer tokenizer, TimeProvider time)
        => new(ChatTemplate.Parse(template, TextOf(tokenizer, tokenizer.BeginOfSequence), TextOf(tokenizer, tokenizer.EndOfSequence), time));

    /// <inheritdoc/>
    public string Render(JsonArray messages, JsonArray? tools) => _template.Render(messages, tools);

    private static string? TextOf(LlamaTokenizer tokenizer, int? token)
        => token is { } id ? Encoding.UTF8.GetString(tokenizer.TokenBytes(id, special: true).Span) : null;
}
