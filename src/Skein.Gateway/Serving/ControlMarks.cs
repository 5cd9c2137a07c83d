using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skein.Core.Text;

namespace Skein.Gateway.Serving;

/// <summary>
/// Keeps what a user wrote from being read as a model's control tokens. A conversation that quotes <c>&lt;|im_end|&gt;</c> would otherwise end its own turn and
/// could speak as the system: whoever puts a stranger's text into a prompt must not lend it that voice.
/// </summary>
/// <remarks>
/// A seam (a code point that Unicode keeps out of text) goes into every control token's text before the template sees it; the finished prompt is cut into tokens piece
/// by piece between the seams, so no piece holds the whole mark. Text without marks, which is nearly all, is one piece and costs one search. Immutable.
/// </remarks>
internal sealed class ControlMarks
{
    // U+FDD0 is a noncharacter: never exchanged as text.
    private const char Seam = '\uFDD0';
    private const char Replacement = '\uFFFD';

    private readonly ITokenizer _tokenizer;
    private readonly SearchValues<string> _marks;

    /// <summary>Collects the marks of a vocabulary.</summary>
    public ControlMarks(ITokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        var marks = new HashSet<string>(StringComparer.Ordinal);
        for (var token = 0; token < tokenizer.VocabularySize; token++)
        {
            // One letter could not be cut, and would be no mark.
            if ((tokenizer.IsControl(token) || tokenizer.IsEndOfGeneration(token)) && Encoding.UTF8.GetString(tokenizer.TokenBytes(token, special: true).Span) is { Length: > 1 } mark)
            {
                marks.Add(mark);
            }
        }

        _marks = SearchValues.Create([.. marks], StringComparison.Ordinal);
    }

    /// <summary>Copies a JSON value with seams in all its strings.</summary>
    public JsonNode? Guard(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject source:
                var target = new JsonObject();
                foreach (var (name, value) in source)
                {
                    target[Guard(name)] = Guard(value);
                }

                return target;
            case JsonArray source:
                return new JsonArray([.. source.Select(item => Guard(item))]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                return JsonValue.Create(Guard(value.GetValue<string>()));
            default:
                return node?.DeepClone();
        }
    }

    /// <summary>Cuts a prompt that a template wrote into tokens.</summary>
    public int[] Tokenize(string prompt)
    {
        if (!prompt.Contains(Seam))
        {
            return _tokenizer.Tokenize(prompt, addSpecial: false, parseSpecial: true);
        }

        var tokens = new List<int>();
        foreach (var piece in prompt.Split(Seam))
        {
            tokens.AddRange(_tokenizer.Tokenize(piece, addSpecial: false, parseSpecial: true));
        }

        return [.. tokens];
    }

    private string Guard(string text)
    {
        if (text.Contains(Seam))
        {
            text = text.Replace(Seam, Replacement);
        }

        var next = text.AsSpan().IndexOfAny(_marks);
        if (next < 0)
        {
            return text;
        }

        // A seam after the first letter breaks the mark; one that begins inside it is found from the next letter on.
        var guarded = new StringBuilder(text.Length + 8);
        var rest = text.AsSpan();
        while (next >= 0)
        {
            guarded.Append(rest[..(next + 1)]).Append(Seam);
            rest = rest[(next + 1)..];
            next = rest.IndexOfAny(_marks);
        }

        return guarded.Append(rest).ToString();
    }
}
