namespace Skein.Models;

/// <summary>Everything that <c>skein model inspect</c> shows.</summary>
/// <param name="Handle">The model.</param>
/// <param name="Unsupported">Why it cannot be split over machines; null if it can.</param>
/// <param name="IsExact">Whether a chain of its stages gives the whole model's bits; false where rows must be scaled by a number that rounds, and where it is unsupported.</param>
/// <param name="Types">Tensors by type, most bytes first.</param>
/// <param name="Groups">Tensors by piece, in order.</param>
/// <param name="About">What the file says about itself. Not to be trusted.</param>
/// <param name="VocabularySize">Tokens; 0 if the file has none.</param>
/// <param name="HasChatTemplate">Whether the model brings one.</param>
public sealed record ModelInspection(
    ModelHandle Handle,
    string? Unsupported,
    bool IsExact,
    IReadOnlyList<TensorTypeSummary> Types,
    IReadOnlyList<PieceSummary> Groups,
    IReadOnlyDictionary<string, string> About,
    int VocabularySize,
    bool HasChatTemplate)
{
    /// <summary>Looks at a model; reads its tokenizer, no tensors.</summary>
    /// <exception cref="ModelException">Its tokenizer is missing or wrong.</exception>
    public static async Task<ModelInspection> CreateAsync(ModelHandle handle, CancellationToken cancellationToken)
    {
        string? unsupported = null;
        var isExact = false;
        try
        {
            isExact = StagePlan.ForSpan(handle.Metadata, handle.AllBlocks).IsExact;
        }
        catch (ModelException e)
        {
            unsupported = e.Message;
        }

        var tokenizer = await handle.ReadTokenizerAsync(cancellationToken);
        var types = handle.Manifest.Tensors
            .GroupBy(tensor => tensor.Descriptor.Type)
            .Select(group => new TensorTypeSummary(group.Key, group.Count(), new(group.Sum(tensor => tensor.Descriptor.ByteLength))))
            .OrderByDescending(type => type.Size.Bytes);
        var groups = PieceLayout.Group(handle.Manifest.Tensors, tensor => tensor.Descriptor.Name)
            .Select(group => new PieceSummary(group.Key, group.Tensors.Count, new(group.Tensors.Sum(tensor => tensor.Descriptor.ByteLength))));
        return new ModelInspection(
            handle,
            unsupported,
            isExact,
            [.. types],
            [.. groups],
            handle.About,
            tokenizer.TryGet("tokenizer.ggml.tokens", out var tokens) ? tokens.Count : 0,
            await handle.ReadChatTemplateAsync(cancellationToken) is not null);
    }
}
