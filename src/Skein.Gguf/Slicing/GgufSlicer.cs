using Skein.Core.Identity;

namespace Skein.Gguf;

/// <summary>Cuts stages out of one whole GGUF file.</summary>
public static class GgufSlicer
{
    /// <summary>Writes the stage of a span of blocks: see <see cref="StageLayout.ForSpan"/>.</summary>
    /// <param name="file">Header of the source.</param>
    /// <param name="source">The whole model. Borrowed.</param>
    /// <param name="span">Blocks to host.</param>
    /// <param name="rules">What the architecture needs.</param>
    /// <param name="destination">As for <see cref="GgufWriter.WriteAsync"/>.</param>
    /// <param name="progress">Told the bytes written so far.</param>
    /// <param name="cancellationToken">Leaves a part of a file behind.</param>
    /// <exception cref="GgufException">The model lacks what the stage needs, or cannot be read.</exception>
    public static ValueTask WriteSpanAsync(GgufFile file, IRangeSource source, BlockSpan span, SliceRules rules, Stream destination, IProgress<long>? progress, CancellationToken cancellationToken)
        => WriteAsync(StageLayout.ForSpan(file.Metadata, Descriptors(file), span, rules), file, source, destination, progress, cancellationToken);

    /// <summary>Writes the stage of embedding and head: see <see cref="StageLayout.ForEdge"/>.</summary>
    /// <param name="file">Header of the source.</param>
    /// <param name="source">The whole model. Borrowed.</param>
    /// <param name="rules">What the architecture needs.</param>
    /// <param name="destination">As for <see cref="GgufWriter.WriteAsync"/>.</param>
    /// <param name="progress">Told the bytes written so far.</param>
    /// <param name="cancellationToken">Leaves a part of a file behind.</param>
    /// <exception cref="GgufException">The model lacks what the stage needs, or cannot be read.</exception>
    public static ValueTask WriteEdgeAsync(GgufFile file, IRangeSource source, SliceRules rules, Stream destination, IProgress<long>? progress, CancellationToken cancellationToken)
        => WriteAsync(StageLayout.ForEdge(file.Metadata, Descriptors(file), rules), file, source, destination, progress, cancellationToken);

    private static IEnumerable<TensorDescriptor> Descriptors(GgufFile file) => file.Tensors.Select(tensor => tensor.Descriptor);

    private static ValueTask WriteAsync(StageLayout layout, GgufFile file, IRangeSource source, Stream destination, IProgress<long>? progress, CancellationToken cancellationToken)
        => GgufWriter.WriteAsync(destination, layout.Metadata, layout.Bind(name => new TensorLocation(source, file.GetTensor(name).Offset)), progress, cancellationToken);
}
