using System.Text.Json.Serialization;

namespace Skein.Models.Evaluation;

/// <summary>The reports as JSON, in snake case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ParityReport))]
[JsonSerializable(typeof(EngineBenchReport))]
[JsonSerializable(typeof(PerplexityReport))]
public sealed partial class EvaluationJson : JsonSerializerContext;
