using System.Text;
using System.Text.Json;
using Skein.Core.Text;
using Skein.Gateway.Errors;
using Skein.Gateway.Requests;

namespace Skein.Gateway.Completions;

/// <summary>One prompt to continue.</summary>
/// <param name="Tokens">Its tokens, at least one.</param>
/// <param name="Text">Its text, for <c>echo</c>.</param>
internal sealed record TextPrompt(int[] Tokens, string Text)
{
    /// <summary>Reads <c>prompt</c>: a string, token ids, or a list of either.</summary>
    public static IReadOnlyList<TextPrompt> Read(RequestFields fields, ITokenizer tokenizer, int maxPrompts)
    {
        if (!fields.TryGet("prompt", out var value))
        {
            throw ApiException.Missing("prompt");
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return [OfText(value, "prompt", tokenizer)];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw fields.WrongType("prompt", "a string, an array of strings, or an array of token ids", value);
        }

        if (value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number)
        {
            return [OfTokens(value, "prompt", tokenizer)];
        }

        return
        [
            .. fields.List("prompt", maxPrompts)!.Value.EnumerateArray().Index().Select(item => item.Item.ValueKind switch
            {
                JsonValueKind.String => OfText(item.Item, $"prompt[{item.Index}]", tokenizer),
                JsonValueKind.Array => OfTokens(item.Item, $"prompt[{item.Index}]", tokenizer),
                _ => throw ApiException.WrongType($"prompt[{item.Index}]", "a string or an array of token ids", RequestFields.KindOf(item.Item)),
            }),
        ];
    }

    private static TextPrompt OfText(JsonElement value, string path, ITokenizer tokenizer)
    {
        var text = RequestFields.TextOf(value, path);

        // Who completes text writes the model's own marks (<|im_start|>) and means them.
        var tokens = tokenizer.Tokenize(text, addSpecial: true, parseSpecial: true);
        return tokens.Length > 0 ? new TextPrompt(tokens, text) : throw ApiException.WrongValue(path, "the prompt is empty, and this model has no token to begin with.");
    }

    private static TextPrompt OfTokens(JsonElement value, string path, ITokenizer tokenizer)
    {
        var tokens = new int[value.GetArrayLength()];
        var text = new MemoryStream();
        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out var token) || token < 0 || token >= tokenizer.VocabularySize)
            {
                throw ApiException.WrongValue($"{path}[{index}]", $"expected a token id from 0 to {tokenizer.VocabularySize - 1}.");
            }

            tokens[index] = token;
            text.Write(tokenizer.TokenBytes(token).Span);
        }

        return tokens.Length > 0 ? new TextPrompt(tokens, Encoding.UTF8.GetString(text.GetBuffer().AsSpan(0, (int)text.Length))) : throw ApiException.WrongValue(path, "expected at least one token id.");
    }
}
