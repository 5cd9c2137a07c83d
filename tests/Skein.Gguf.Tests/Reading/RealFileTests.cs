using System.Security.Cryptography;

namespace Skein.Gguf.Tests.Reading;

public sealed class RealFileTests
{
    public static TheoryData<string> AllFiles => [SharedData.SmolLm2, SharedData.Gemma3, .. SharedData.TinyFamilies];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_SmolLm2_GivesWhatTheModelIs()
    {
        await using var source = FileRangeSource.Open(SharedData.SmolLm2);
        var file = await GgufReader.ReadAsync(source, null, Token);

        Assert.Equal(3, file.Version);
        Assert.Equal("llama", file.Metadata.Architecture);
        Assert.Equal(30u, file.Metadata.GetUInt32("llama.block_count"));
        Assert.Equal(576u, file.Metadata.GetUInt32("llama.embedding_length"));
        Assert.Equal(49152, file.Metadata.GetArray<string>("tokenizer.ggml.tokens").Length);
        Assert.Equal(272, file.Tensors.Count);
        var embedding = file.GetTensor("token_embd.weight");
        Assert.Equal(GgmlType.Q8_0, embedding.Type);
        Assert.Equal([576, 49152], embedding.Shape);
        Assert.Equal(576L * 49152 / 32 * 34, embedding.ByteLength);
    }

    [Fact]
    public async Task ReadAsync_SmolLm2_ReadsLittleBeyondTheHeader()
    {
        await using var inner = FileRangeSource.Open(SharedData.SmolLm2);
        await using var source = new CountingRangeSource(inner);
        var file = await GgufReader.ReadAsync(source, null, Token);

        Assert.InRange(source.BytesRead, file.DataOffset - file.Alignment, file.DataOffset + (1 << 20));
        Assert.True(source.Furthest <= file.DataOffset + (1 << 20), $"Read up to byte {source.Furthest}; the data begins at {file.DataOffset}.");
        Assert.InRange(source.Reads, 1, 16);
    }

    [Theory]
    [MemberData(nameof(AllFiles))]
    public async Task WriteAsync_WhatWasRead_GivesTheSameBytes(string path)
    {
        await using var source = FileRangeSource.Open(path);
        var file = await GgufReader.ReadAsync(source, null, Token);
        var contents = file.Tensors.Select(tensor => GgufTensorContent.FromRange(tensor.Descriptor, source, tensor.Offset)).ToList();

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var written = new HashStream(hash);
        await GgufWriter.WriteAsync(written, file.Metadata, contents, null, Token);

        await using var original = File.OpenRead(path);
        Assert.Equal(Convert.ToHexString(await SHA256.HashDataAsync(original, Token)), Convert.ToHexString(hash.GetHashAndReset()));
        Assert.Equal(source.Length, written.Length);
        Assert.Equal(source.Length, GgufWriter.ComputeLength(file.Metadata, [.. file.Tensors.Select(tensor => tensor.Descriptor)]));
    }
}
