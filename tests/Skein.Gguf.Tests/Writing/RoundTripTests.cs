using CsCheck;

namespace Skein.Gguf.Tests.Writing;

public sealed class RoundTripTests
{
    [Fact]
    public async Task ReadAsync_WhatWasWritten_IsTheSame()
        => await Gen.Select(Arbitrary.Metadata, Arbitrary.Tensors, Arbitrary.Alignment, Gen.Bool, Gen.Int).SampleAsync(
            async (metadata, tensors, alignment, states, seed) =>
            {
                metadata = states ? metadata.With("general.alignment", GgufValue.UInt32((uint)alignment)) : metadata;
                var data = tensors.Select(tensor => Noise(seed, tensor.ByteLength)).ToArray();
                var bytes = await WriteAsync(metadata, tensors, data);

                await using var source = new MemoryRangeSource(bytes);
                var file = await GgufReader.ReadAsync(source, null, default);
                Assert.Equal(3, file.Version);
                Assert.Equal(states ? alignment : 32, file.Alignment);
                Assert.Equal(metadata, file.Metadata.AsEnumerable());
                Assert.Equal(tensors, file.Tensors.Select(tensor => tensor.Descriptor));
                for (var i = 0; i < tensors.Length; i++)
                {
                    Assert.Equal(0, file.Tensors[i].Offset % file.Alignment);
                    Assert.Equal(data[i], bytes.AsSpan((int)file.Tensors[i].Offset, data[i].Length).ToArray());
                }

                Assert.Equal(bytes.Length, GgufWriter.ComputeLength(metadata, tensors));
                Assert.Equal(bytes, await WriteAsync(metadata, tensors, data));
            },
            iter: 300);

    [Fact]
    public async Task ReadAsync_InPiecesOfAnySize_GivesTheSame()
    {
        // Longer than the reader's first read, so that values lie across its edges.
        var text = GgufValue.Array<string>([.. Enumerable.Range(0, 40_000).Select(i => $"token {i} ß")]);
        var long1 = GgufValue.String(new string('x', 3 << 20));
        var numbers = GgufValue.Array<ulong>([.. Enumerable.Range(0, 300_000).Select(i => (ulong)i * 977)]);
        var metadata = new GgufMetadata(new("a", text), new("b", long1), new("c", numbers), new("d", GgufValue.Bool(true)));
        var bytes = await WriteAsync(metadata, [], []);
        await using var source = new CountingRangeSource(new MemoryRangeSource(bytes));

        var file = await GgufReader.ReadAsync(source, null, default);

        Assert.Equal(metadata, file.Metadata.AsEnumerable());
        Assert.InRange(source.Reads, 2, (bytes.Length >> 20) + 8);
        Assert.Equal(bytes.Length, source.BytesRead);
    }

    private static byte[] Noise(int seed, long length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<byte[]> WriteAsync(GgufMetadata metadata, TensorDescriptor[] tensors, byte[][] data)
    {
        using var stream = new MemoryStream();
        await GgufWriter.WriteAsync(stream, metadata, [.. tensors.Zip(data, (tensor, bytes) => GgufTensorContent.FromBytes(tensor, bytes))], null, default);
        return stream.ToArray();
    }
}
