using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Skein.Gateway.Requests;

/// <summary>What chat and completion requests have in common, as the API's description shows it.</summary>
public abstract record SamplingRequest
{
    /// <summary>Which model; <c>GET /v1/models</c> lists them.</summary>
    public required string Model { get; init; }

    /// <summary>How many replies; the <c>i</c>th is drawn with <c>seed + i</c>.</summary>
    [Range(1, int.MaxValue)]
    public int? N { get; init; }

    /// <summary>The most tokens of a reply.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>Whether to send the reply piece by piece, as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>How the stream is written.</summary>
    public StreamOptions? StreamOptions { get; init; }

    /// <summary>A string, or up to four, that ends the reply; it is not part of it.</summary>
    public JsonElement? Stop { get; init; }

    /// <summary>0 takes the likeliest token; 2 is wild. Default 1.</summary>
    [Range(0d, 2d)]
    public double? Temperature { get; init; }

    /// <summary>Keeps the smallest set of tokens whose probability reaches this. Default 1.</summary>
    [Range(0d, 1d)]
    public double? TopP { get; init; }

    /// <summary>Drops tokens less likely than this share of the likeliest. Default 0.</summary>
    [Range(0d, 1d)]
    public double? MinP { get; init; }

    /// <summary>Keeps so many of the likeliest tokens; 0 or -1 keeps all.</summary>
    [Range(-1, int.MaxValue)]
    public int? TopK { get; init; }

    /// <summary>Divides the logits of tokens that were seen already. Default 1.</summary>
    [Range(0.01, 10d)]
    public double? RepetitionPenalty { get; init; }

    /// <summary>Subtracted once per time a token was produced, -2 to 2.</summary>
    [Range(-2d, 2d)]
    public double? FrequencyPenalty { get; init; }

    /// <summary>Subtracted once from tokens that were produced at all, -2 to 2.</summary>
    [Range(-2d, 2d)]
    public double? PresencePenalty { get; init; }

    /// <summary>Added to the logits of tokens, by id, -100 to 100.</summary>
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }

    /// <summary>The same seed and the same request give the same reply; random if left out.</summary>
    public long? Seed { get; init; }

    /// <summary>What the reply must be. A model held to JSON should also be told so in words.</summary>
    public ResponseFormat? ResponseFormat { get; init; }

    /// <summary>Names the end user; ignored.</summary>
    public string? User { get; init; }

    /// <summary>Whether to say beside each reply how it came about: token ids, times, and what each stage did.</summary>
    public bool? XSkein { get; init; }
}
