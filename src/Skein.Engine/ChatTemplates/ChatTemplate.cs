using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates.Jinja;

namespace Skein.Engine.ChatTemplates;

/// <summary>A model's own way to write a conversation as one prompt: a Jinja template from its file, rendered as the transformers library renders it. Immutable and thread-safe.</summary>
/// <remarks>
/// The template is a stranger's program. It sees only what <see cref="Render"/> is given, and what it may cost is limited: about a second of work, 128 MiB of text, 500 levels of nesting.
/// Differences from Jinja: values that it would compute late are lists at once; whole numbers have 64 bits; nothing is escaped; <c>include</c>, <c>import</c>, <c>block</c> and recursive loops are refused;
/// lists and dictionaries can be changed, which the transformers library forbids.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly KeyValuePair<string, JinjaValue>[] _tokens;
    private readonly TimeProvider _time;

    private ChatTemplate(string source, JinjaTemplate template, KeyValuePair<string, JinjaValue>[] tokens, TimeProvider time)
    {
        Source = source;
        _template = template;
        _tokens = tokens;
        _time = time;
    }

    /// <summary>The template as written.</summary>
    public string Source { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Jinja.</param>
    /// <param name="beginOfSequence">Text of the token that begins a sequence, <c>bos_token</c> in the template; null if the model has none.</param>
    /// <param name="endOfSequence">Text of the token that ends a sequence, <c>eos_token</c>; null if the model has none.</param>
    /// <param name="time">What <c>strftime_now</c> asks; the system's clock if null.</param>
    /// <exception cref="ChatTemplateException">The template is malformed, too large, or uses what is not supported; the message says where.</exception>
    public static ChatTemplate Parse(string source, string? beginOfSequence = null, string? endOfSequence = null, TimeProvider? time = null)
    {
        List<KeyValuePair<string, JinjaValue>> tokens = [];
        foreach (var (name, text) in new[] { ("bos_token", beginOfSequence), ("eos_token", endOfSequence) })
        {
            if (text is not null)
            {
                tokens.Add(new KeyValuePair<string, JinjaValue>(name, JinjaValue.From(text)));
            }
        }

        return new ChatTemplate(source, JinjaTemplate.Parse(source), [.. tokens], time ?? TimeProvider.System);
    }

    /// <summary>Writes a conversation as the model wants to read it.</summary>
    /// <param name="messages">Messages as OpenAI's API has them: objects with <c>role</c>, <c>content</c> and so on. Not changed.</param>
    /// <param name="tools">Tools as OpenAI's API has them; null if there are none.</param>
    /// <param name="addGenerationPrompt">Whether the prompt ends with the beginning of the model's answer.</param>
    /// <param name="variables">More variables for the template (<c>enable_thinking</c> and the like); they win over the ones above.</param>
    /// <exception cref="ChatTemplateException"><see cref="ChatTemplateError.Raised"/>: the template refuses the conversation, and the message says in its words why. Otherwise the template failed or went over a limit.</exception>
    public string Render(JsonArray messages, JsonArray? tools = null, bool addGenerationPrompt = true, JsonObject? variables = null)
    {
        List<KeyValuePair<string, JinjaValue>> values =
        [
            .. _tokens,
            new("messages", ReadInput("messages", messages)),
            new("tools", ReadInput("tools", tools)),
            new("documents", JinjaValue.None),
            new("add_generation_prompt", JinjaValue.From(addGenerationPrompt)),
        ];
        var more = ReadInput("variables", variables);
        if (more.Kind == JinjaKind.Dictionary)
        {
            values.AddRange(more.Dictionary.Entries.Select(entry => new KeyValuePair<string, JinjaValue>(entry.Key.Text, entry.Value)));
        }

        return _template.Render(_time, values);
    }

    private static JinjaValue ReadInput(string what, JsonNode? node)
    {
        try
        {
            return JinjaJson.Read(node);
        }
        catch (JinjaFault fault)
        {
            throw new ChatTemplateException(fault.Error, $"The {what} cannot be given to the chat template: {fault.Message}.");
        }
    }
}
