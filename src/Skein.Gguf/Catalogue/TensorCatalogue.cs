namespace Skein.Gguf;

/// <summary>Every tensor of a file with its hash, in the file's order. Immutable.</summary>
/// <param name="Entries">One a tensor.</param>
public sealed record TensorCatalogue(IReadOnlyList<CatalogueEntry> Entries)
{
    /// <summary>Reads every tensor once and hashes it.</summary>
    /// <param name="file">Header of the source.</param>
    /// <param name="source">The file itself. Borrowed.</param>
    /// <param name="progress">Told the bytes of tensors hashed so far; ends at the sum of all sizes.</param>
    /// <param name="cancellationToken">Safe.</param>
    /// <exception cref="GgufException">The source is shorter than its header says.</exception>
    public static async ValueTask<TensorCatalogue> ComputeAsync(GgufFile file, IRangeSource source, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var entries = new CatalogueEntry[file.Tensors.Count];
        var done = 0L;
        for (var i = 0; i < entries.Length; i++)
        {
            var tensor = file.Tensors[i];
            var before = done;
            var inner = progress is null ? null : new ShiftedProgress(progress, before);
            entries[i] = new CatalogueEntry(tensor.Descriptor, await source.ComputeSha256Async(tensor.Offset, tensor.ByteLength, inner, cancellationToken));
            done += tensor.ByteLength;
        }

        return new TensorCatalogue(entries);
    }

    /// <summary>Reports at once and in order, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class ShiftedProgress(IProgress<long> inner, long by) : IProgress<long>
    {
        public void Report(long value) => inner.Report(by + value);
    }
}
