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

    /// <summary>Whether a conversation may begin with a system message.</summary>
    public bool TakesSystemMessages => _template.TakesSystemMessages;

    /// <summary>Takes the model's template, or ChatML if it has none but knows its markers.</summary>
    /// <param name="template">The model's own, or null.</param>
    /// <param name="tokenizer">The model's vocabulary.</param>
    /// <param name="time">The clock that templates may ask.</param>
    /// <exception cref="ChatTemplateException">There is none, or it does not parse.</exception>
    public static ModelChatPrompt Create(string? template, LlamaTokenizer tokenizer, TimeProvider time)
        => new(ChatTemplate.ForModel(template, tokenizer, tokenizer.EndOfSequence, time));

    /// <inheritdoc/>
    public string Render(JsonArray messages, JsonArray? tools) => _template.Render(messages, tools);
}
