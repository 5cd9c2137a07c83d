using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Skein.Core.Generation;
using Skein.Engine.Text;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>Reads the fields that chat and completions share: how tokens are chosen and where a reply stops.</summary>
internal static class SamplingFields
{
    // OpenAI names no bound; a bias for every token of a vocabulary would be megabytes a request.
    private const int MaxBiases = 1024;

    /// <summary>Reads how tokens are chosen.</summary>
    /// <param name="fields">The body.</param>
    /// <param name="vocabularySize">Biases may name tokens below it.</param>
    /// <param name="grammar">What <c>response_format</c> asks for, or null.</param>
    public static SamplingOptions Read(RequestFields fields, int vocabularySize, string? grammar) => new()
    {
        Temperature = fields.Number("temperature", 0, 2) ?? 1f,
        TopP = fields.Number("top_p", 0, 1) ?? 1f,
        MinP = fields.Number("min_p", 0, 1) ?? 0f,
        TopK = Math.Max(0, fields.Integer("top_k", -1, int.MaxValue) ?? 0),
        RepetitionPenalty = fields.Number("repetition_penalty", 0.01, 10) ?? 1f,
        FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0f,
        PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0f,
        LogitBias = LogitBias(fields, vocabularySize),
        Grammar = grammar,
        Seed = fields.WholeNumber("seed") is { } seed ? unchecked((ulong)seed) : RandomSeed(),
    };

    /// <summary>The same request with the seed of its <paramref name="index"/>th reply: replies to one request differ, and the same seed gives the same replies.</summary>
    public static GenerationRequest WithSeedOf(GenerationRequest request, int index)
        => index == 0 ? request : request with { Sampling = request.Sampling with { Seed = unchecked(request.Sampling.Seed + (ulong)index) } };

    /// <summary>Reads the strings that end a reply.</summary>
    public static IReadOnlyList<string> Stops(RequestFields fields)
    {
        if (!fields.TryGet("stop", out var value))
        {
            return [];
        }

        List<string> stops = [];
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                stops.Add(RequestFields.TextOf(value, fields.PathOf("stop")));
                break;
            case JsonValueKind.Array when value.GetArrayLength() <= StopMatcher.MaxStops:
                foreach (var (index, item) in value.EnumerateArray().Index())
                {
                    var path = $"{fields.PathOf("stop")}[{index}]";
                    stops.Add(item.ValueKind == JsonValueKind.String ? RequestFields.TextOf(item, path) : throw ApiException.WrongType(path, "a string", RequestFields.KindOf(item)));
                }

                break;
            case JsonValueKind.Array:
                throw ApiException.WrongValue(fields.PathOf("stop"), $"expected at most {StopMatcher.MaxStops} stop strings.");
            default:
                throw fields.WrongType("stop", "a string or an array of strings", value);
        }

        return StopMatcher.Problem(stops) is { } problem ? throw ApiException.WrongValue(fields.PathOf("stop"), problem) : stops;
    }

    private static Dictionary<int, float> LogitBias(RequestFields fields, int vocabularySize)
    {
        var biases = new Dictionary<int, float>();
        if (!fields.TryGet("logit_bias", out var value))
        {
            return biases;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            throw fields.WrongType("logit_bias", "an object of token ids and numbers", value);
        }

        foreach (var bias in value.EnumerateObject())
        {
            if (!int.TryParse(JsonCopy.NameOf(bias, fields.PathOf("logit_bias")), NumberStyles.None, CultureInfo.InvariantCulture, out var token) || token >= vocabularySize)
            {
                throw ApiException.WrongValue("logit_bias", $"every key must be a token id from 0 to {vocabularySize - 1}.");
            }

            biases[token] = RequestFields.NumberOf(bias.Value, $"logit_bias.{token}", -100, 100);
            if (biases.Count > MaxBiases)
            {
                throw ApiException.WrongValue("logit_bias", $"expected at most {MaxBiases} tokens.");
            }
        }

        return biases;
    }

    // 53 bits, so that a seed shown to a JavaScript client could be sent back unchanged.
    private static ulong RandomSeed()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BitConverter.ToUInt64(bytes) >> 11;
    }
}
