using Skein.Core.Identity;
using Skein.Gguf;

namespace Skein.Fuzz.Targets;

/// <summary>The GGUF reader, and what is made of a file that it took: stages and a second writing.</summary>
[Fuzzes(typeof(GgufReader))]
public sealed class GgufTarget : IFuzzTarget
{
    /// <summary>A file of a few bytes may describe a stage of many zeros; writing those tells nothing.</summary>
    private const long LargestRewrite = 1 << 20;

    public string Name => "gguf";

    public void Run(ReadOnlySpan<byte> data)
    {
        var source = new MemoryRangeSource(data.ToArray());
        GgufFile file;
        try
        {
            file = Read(source);
        }
        catch (GgufException)
        {
            return;
        }

        CheckPlaces(file, source.Length);
        var descriptors = file.Tensors.Select(tensor => tensor.Descriptor).ToList();
        CheckRewrite(file, source, descriptors);
        CheckLayout(file, () => StageLayout.ForEdge(file.Metadata, descriptors, SliceRules.None));
        CheckLayout(file, () => StageLayout.ForSpan(file.Metadata, descriptors, new BlockSpan(0, 1), SliceRules.None));
        CheckLayout(file, () => StageLayout.ForSpan(file.Metadata, descriptors, new BlockSpan(1, file.Metadata.GetCount($"{file.Metadata.Architecture}.block_count")), SliceRules.None));
    }

    private static GgufFile Read(MemoryRangeSource source) => FuzzCheck.CompletesAtOnce(GgufReader.ReadAsync(source, null, CancellationToken.None));

    private static void CheckPlaces(GgufFile file, long length)
    {
        var end = file.DataOffset;
        foreach (var tensor in file.Tensors.OrderBy(tensor => tensor.Offset))
        {
            FuzzCheck.Holds(tensor.Offset >= end, "tensors do not overlap");
            FuzzCheck.Holds((tensor.Offset - file.DataOffset) % file.Alignment == 0, "tensors are aligned");
            end = tensor.Offset + tensor.ByteLength;
            FuzzCheck.Holds(end <= length, "tensors lie inside the file");
        }
    }

    private static void CheckRewrite(GgufFile file, MemoryRangeSource source, List<TensorDescriptor> descriptors)
    {
        if (GgufWriter.ComputeLength(file.Metadata, descriptors) > LargestRewrite)
        {
            return;
        }

        using var bytes = new MemoryStream();
        GgufWriter.WriteAsync(bytes, file.Metadata, [.. file.Tensors.Select(tensor => GgufTensorContent.FromRange(tensor.Descriptor, source, tensor.Offset))], null, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var again = Read(new MemoryRangeSource(bytes.ToArray()));
        FuzzCheck.Holds(again.Metadata.SequenceEqual(file.Metadata), "metadata survives a second writing");
        FuzzCheck.Holds(again.Tensors.Select(tensor => tensor.Descriptor).SequenceEqual(descriptors), "tensors survive a second writing");
    }

    private static void CheckLayout(GgufFile file, Func<StageLayout> plan)
    {
        try
        {
            var layout = plan();
            FuzzCheck.Holds(layout.Tensors.All(tensor => tensor.SourceName is null || file.TryGetTensor(tensor.SourceName, out _)), "a stage takes only tensors that are there");
            FuzzCheck.Holds(layout.ComputeFileLength() > 0, "a stage has a length");
        }
        catch (GgufException)
        {
            // The model lacks what a stage needs: a fair answer.
        }
    }
}
