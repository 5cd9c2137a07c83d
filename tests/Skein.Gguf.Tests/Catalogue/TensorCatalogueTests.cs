using Skein.Core.Identity;

namespace Skein.Gguf.Tests.Catalogue;

public sealed class TensorCatalogueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ComputeAsync_SmolLm2_HashesEveryTensorAsItLies()
    {
        await using var source = FileRangeSource.Open(SharedData.SmolLm2);
        var file = await GgufReader.ReadAsync(source, null, Token);
        var reported = new Reports();

        var catalogue = await TensorCatalogue.ComputeAsync(file, source, reported, Token);

        Assert.Equal(file.Tensors.Select(tensor => tensor.Descriptor), catalogue.Entries.Select(entry => entry.Descriptor));
        var whole = await File.ReadAllBytesAsync(SharedData.SmolLm2, Token);
        foreach (var (tensor, entry) in file.Tensors.Zip(catalogue.Entries))
        {
            Assert.Equal(Sha256Digest.Compute(whole.AsSpan((int)tensor.Offset, (int)tensor.ByteLength)), entry.Sha256);
        }

        Assert.Equal(file.Tensors.Sum(tensor => tensor.ByteLength), reported.Last);
        Assert.Equal(reported.All.Order(), reported.All);
    }
}
