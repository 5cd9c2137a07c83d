using System.Text.Json.Nodes;
using Skein.Gateway.Errors;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Requests;

/// <summary>Cuts prompts into tokens and sees that they fit.</summary>
internal static class PromptTokens
{
    /// <summary>Tokens of a conversation, as the model's own template writes it.</summary>
    /// <exception cref="Skein.Core.Errors.SkeinException">The template refuses the conversation.</exception>
    public static int[] OfChat(ServedModel model, IChatPrompt template, JsonArray messages, JsonArray? tools)
    {
        var prompt = template.Render((JsonArray)model.Marks.Guard(messages)!, (JsonArray?)model.Marks.Guard(tools));
        var tokens = model.Marks.Tokenize(prompt);

        // Many templates write the beginning of the sequence themselves: it must not be there twice, nor be missing.
        return model.Tokenizer is { AddsBeginOfSequence: true, BeginOfSequence: { } begin } && (tokens.Length == 0 || tokens[0] != begin) ? [begin, .. tokens] : tokens;
    }

    /// <summary>How many tokens a reply may have.</summary>
    /// <param name="asked">What the client asked for; null if it left it open.</param>
    /// <param name="unasked">What a reply gets then, if there is room.</param>
    /// <param name="promptTokens">Tokens of the prompt.</param>
    /// <param name="context">The most tokens that both may have.</param>
    /// <param name="param">The parameter that holds the prompt.</param>
    /// <exception cref="ApiException">They do not fit.</exception>
    public static int Room(int? asked, int unasked, int promptTokens, int context, string param)
    {
        if (promptTokens >= context || (long)promptTokens + (asked ?? 1) > context)
        {
            throw ApiException.ContextLengthExceeded(param, context, promptTokens, asked);
        }

        return asked ?? Math.Min(unasked, context - promptTokens);
    }
}
