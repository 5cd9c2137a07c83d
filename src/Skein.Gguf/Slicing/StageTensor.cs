namespace Skein.Gguf;

/// <summary>A tensor of a stage and where its bytes come from.</summary>
/// <param name="Target">What the stage's file holds.</param>
/// <param name="SourceName">Name of the whole model's tensor whose bytes it takes, type and shape being the same; null: zeros.</param>
public sealed record StageTensor(TensorDescriptor Target, string? SourceName);
