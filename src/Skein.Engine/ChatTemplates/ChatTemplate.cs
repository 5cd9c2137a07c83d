using System.Text;
using System.Text.Json.Nodes;
using Skein.Core.Decoding;
using Skein.Core.Text;
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
    private readonly Lazy<bool> _takesSystemMessages;

    private ChatTemplate(string source, JinjaTemplate template, KeyValuePair<string, JinjaValue>[] tokens, TimeProvider time)
    {
        Source = source;
        _template = template;
        _tokens = tokens;
        _time = time;
        _takesSystemMessages = new Lazy<bool>(TrySystemMessage);
    }

    /// <summary>The template as written.</summary>
    public string Source { get; }

    /// <summary>Whether a conversation may begin with a system message; some models refuse it, some leave it out. Found out by trying.</summary>
    public bool TakesSystemMessages => _takesSystemMessages.Value;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Jinja.</param>
    /// <param name="beginOfSequence">Text of the token that begins a sequence, <c>bos_token</c> in the template; null if the model has none.</param>
    /// <param name="endOfSequence">Text of the token that ends a sequence, <c>eos_token</c>; null if the model has none.</param>
    /// <param name="time">What <c>strftime_now</c> asks; the system's clock if null.</param>
    /// <exception cref="ChatTemplateException">The template is malformed, too large, or uses what is not supported; the message says where.</exception>
    [Decoder]
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

    /// <summary>The template of a model: its own, or ChatML if it has none and its vocabulary has ChatML's markers.</summary>
    /// <param name="source">What the model's file holds (<c>tokenizer.chat_template</c>); null or empty if nothing.</param>
    /// <param name="tokenizer">The model's vocabulary.</param>
    /// <param name="endOfSequence">Token that ends a sequence; null if the model has none.</param>
    /// <param name="time">What <c>strftime_now</c> asks; the system's clock if null.</param>
    /// <exception cref="ChatTemplateException"><see cref="ChatTemplateError.Missing"/>: the model cannot chat, only complete text. Otherwise its template cannot be used; the message says why.</exception>
    public static ChatTemplate ForModel(string? source, ITokenizer tokenizer, int? endOfSequence, TimeProvider? time = null)
    {
        if (string.IsNullOrWhiteSpace(source))
        {
            source = Array.TrueForAll(BuiltInChatTemplates.ChatMlMarkers, marker => IsOneToken(tokenizer, marker))
                ? BuiltInChatTemplates.ChatMl
                : throw new ChatTemplateException(ChatTemplateError.Missing, "The model has no chat template, and its vocabulary has no ChatML markers to chat with. Use text completions, or take a model that was made for chat.");
        }

        return Parse(source, TextOf(tokenizer, tokenizer.BeginOfSequence), TextOf(tokenizer, endOfSequence), time);
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

    private static bool IsOneToken(ITokenizer tokenizer, string text)
        => tokenizer.Tokenize(text, addSpecial: false, parseSpecial: true) is [var token] && TextOf(tokenizer, token) == text;

    private static string? TextOf(ITokenizer tokenizer, int? token) => token is { } id ? Encoding.UTF8.GetString(tokenizer.TokenBytes(id, special: true).Span) : null;

    private bool TrySystemMessage()
    {
        const string Marker = "f3a1c7";
        try
        {
            var messages = new JsonArray(new JsonObject { ["role"] = "system", ["content"] = Marker }, new JsonObject { ["role"] = "user", ["content"] = "x" });
            return Render(messages).Contains(Marker, StringComparison.Ordinal);
        }
        catch (ChatTemplateException)
        {
            return false;
        }
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
