using System.Globalization;
using System.Text;
using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Models;

/// <summary>Makes the GGUF files that the engine loads, for any span of any model, and keeps them in a cache. Thread-safe, and safe between processes.</summary>
/// <remarks>The same model, span and rules give the same bytes, whether the model is one GGUF file or pieces of a store.</remarks>
/// <param name="cache">Where files go.</param>
public sealed class StageAssembler(StageCache cache)
{
    // Changes whenever the same layout would be written otherwise: it is part of every file's name.
    private const string Version = "skein-stage-1";

    /// <summary>Makes the files of a span.</summary>
    /// <param name="source">The model.</param>
    /// <param name="span">Blocks to host.</param>
    /// <param name="progress">Told the bytes written so far; nothing is told of files that were there.</param>
    /// <param name="cancellationToken">Safe: half a file is never left under its name.</param>
    /// <exception cref="ModelException">The span or the model is refused, bytes are missing or wrong, or the disk refused.</exception>
    /// <exception cref="GgufException">The model lacks what a stage needs.</exception>
    public async Task<StageFiles> AssembleStageAsync(IModelSource source, BlockSpan span, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var plan = StagePlan.ForSpan(source.Architecture, span);
        var tensors = Tensors(source);
        var layouts = plan.Parts.Select(part => StageLayout.ForSpan(source.Architecture, tensors, part.Span, part.Rules)).ToArray();
        var total = layouts.Sum(layout => layout.ComputeFileLength());
        var paths = new List<string>(layouts.Length);
        var before = 0L;
        foreach (var layout in layouts)
        {
            paths.Add(await WriteAsync(source, layout, TransferProgress.Relay(progress, total, before), cancellationToken));
            before += layout.ComputeFileLength();
        }

        return new StageFiles(span, paths, plan.RowScale);
    }

    /// <summary>Makes the files of embedding and head.</summary>
    /// <param name="source">The model.</param>
    /// <param name="progress">Told the bytes written so far; nothing is told of files that were there.</param>
    /// <param name="cancellationToken">Safe: half a file is never left under its name.</param>
    /// <exception cref="ModelException">The model is refused, bytes are missing or wrong, or the disk refused.</exception>
    /// <exception cref="GgufException">The model lacks what the edge needs.</exception>
    public async Task<EdgeFiles> AssembleEdgeAsync(IModelSource source, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var (embeddingRules, headRules, headRowScale) = StagePlan.ForEdge(source.Architecture);
        var metadata = CanonicalMetadata.Join(source.Architecture, await source.ReadTokenizerAsync(cancellationToken));
        var tensors = Tensors(source);
        var embedding = StageLayout.ForEdge(metadata, tensors, embeddingRules);
        var isOneFile = ReferenceEquals(embeddingRules, headRules);
        var length = embedding.ComputeFileLength();
        var total = isOneFile ? length : 2 * length;
        var embeddingPath = await WriteAsync(source, embedding, TransferProgress.Relay(progress, total), cancellationToken);
        var headPath = isOneFile
            ? embeddingPath
            : await WriteAsync(source, StageLayout.ForEdge(metadata, tensors, headRules), TransferProgress.Relay(progress, total, length), cancellationToken);
        return new EdgeFiles(embeddingPath, headPath, headRowScale);
    }

    /// <summary>Makes one GGUF of the whole model, for comparison with a chain of stages.</summary>
    /// <param name="source">The model.</param>
    /// <param name="progress">Told the bytes written so far; nothing is told of a file that was there.</param>
    /// <param name="cancellationToken">Safe: half a file is never left under its name.</param>
    /// <exception cref="ModelException">Bytes are missing or wrong, or the disk refused.</exception>
    public async Task<string> AssembleWholeAsync(IModelSource source, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        var metadata = CanonicalMetadata.Join(source.Architecture, await source.ReadTokenizerAsync(cancellationToken));
        var layout = new StageLayout(metadata, [.. Tensors(source).Select(tensor => new StageTensor(tensor, tensor.Name))]);
        return await WriteAsync(source, layout, TransferProgress.Relay(progress, layout.ComputeFileLength()), cancellationToken);
    }

    private static TensorDescriptor[] Tensors(IModelSource source) => [.. PieceLayout.Order(source.Manifest.Tensors.Select(entry => entry.Descriptor))];

    private async ValueTask<string> WriteAsync(IModelSource source, StageLayout layout, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var name = await NameAsync(source.Manifest, layout, cancellationToken);
        return await cache.GetOrAddAsync(name, layout.ComputeFileLength(), CopyAsync, cancellationToken);

        async ValueTask CopyAsync(Stream stream, CancellationToken token)
        {
            var reader = source.OpenTensors();
            await using (reader)
            {
                await GgufWriter.WriteAsync(stream, layout.Metadata, Bind(source.Manifest, layout, reader), progress, token);
            }
        }
    }

    /// <summary>Joins the plan with the tensors' bytes; each is checked while it is copied.</summary>
    private static GgufTensorContent[] Bind(ModelManifest manifest, StageLayout layout, ITensorReader reader)
    {
        var hashes = manifest.Tensors.ToDictionary(entry => entry.Descriptor.Name, entry => entry.Sha256, StringComparer.Ordinal);
        return [.. layout.Tensors.Select(tensor => tensor.SourceName is null
            ? GgufTensorContent.Zeros(tensor.Target)
            : CheckedTensor.From(tensor.Target, reader.Locate(tensor.SourceName), hashes[tensor.SourceName]))];
    }

    /// <summary>Hashes everything that decides the file's bytes.</summary>
    private static async ValueTask<Sha256Digest> NameAsync(ModelManifest manifest, StageLayout layout, CancellationToken cancellationToken)
    {
        var metadata = Sha256Digest.Compute(await CanonicalMetadata.EncodeAsync(layout.Metadata, cancellationToken));
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Version}\n{manifest.Digest}\n{metadata}\n");
        foreach (var (target, sourceName) in layout.Tensors)
        {
            text.Append(CultureInfo.InvariantCulture, $"{target.Name} {target.Type} {target.Shape} {sourceName}\n");
        }

        return Sha256Digest.Compute(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
