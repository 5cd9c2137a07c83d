using Skein.Core.Identity;
using Skein.Engine.Edge;
using Skein.Engine.Stages;
using Skein.Engine.Tokenizing;

namespace Skein.Models;

/// <summary>From a model to what computes: assembles the files and loads them, off the caller's thread.</summary>
public static class ModelLoading
{
    /// <summary>Loads a span of blocks. The caller disposes it.</summary>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model, the span or a file is refused; the message says which and why.</exception>
    public static async Task<EngineStage> LoadStageAsync(this ModelHandle model, BlockSpan span, EngineStageOptions options, CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
    {
        var files = await model.AssembleStageAsync(span, cancellationToken, progress);
        return await EngineStage.LoadAsync(new StageSource(files.Span, files.Parts, files.RowScale), options, cancellationToken);
    }

    /// <summary>Loads embedding and head. The caller disposes it.</summary>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model or a file is refused; the message says which and why.</exception>
    public static async Task<EdgeStage> LoadEdgeAsync(this ModelHandle model, EdgeStageOptions options, CancellationToken cancellationToken, IProgress<TransferProgress>? progress = null)
    {
        var files = await model.AssembleEdgeAsync(cancellationToken, progress);
        return await EdgeStage.LoadAsync(new EdgeSource(files.Embedding, files.Head, files.HeadRowScale), options, cancellationToken);
    }

    /// <summary>Loads the vocabulary. The caller disposes it, after every sampler made from it.</summary>
    /// <exception cref="Skein.Core.Errors.SkeinException">The model or a file is refused; the message says which and why.</exception>
    public static async Task<LlamaTokenizer> LoadTokenizerAsync(this ModelHandle model, CancellationToken cancellationToken)
    {
        var files = await model.AssembleEdgeAsync(cancellationToken);
        return await Task.Run(() => LlamaTokenizer.Load(files.Embedding), cancellationToken);
    }
}
