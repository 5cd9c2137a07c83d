namespace Skein.Gguf.Tests.Reading;

/// <summary>Each way a file can lie gets one clear error, before memory is taken for it.</summary>
public sealed class HostileFileTests
{
    /// <summary>Generous for the reader's own buffer, the exception and the test; far below any announced size.</summary>
    private const long AllowedBytes = 4 << 20;

    private static HeaderBytes Valid => HeaderBytes.Start(2, 1)
        .Key("general.architecture", GgufValueType.String).Text("llama")
        .Tensor("a", GgmlType.F32, 0, 8)
        .Tensor("b", GgmlType.F32, 32, 8);

    [Fact]
    public async Task ReadAsync_TheValidFileOfTheseTests_IsRead()
    {
        var file = await ReadAsync(Valid.Data(64));
        Assert.Equal(["a", "b"], file.Tensors.Select(tensor => tensor.Name));
        Assert.Equal(file.DataOffset + 32, file.GetTensor("b").Offset);
    }

    [Fact]
    public Task ReadAsync_EmptyFile_IsTruncated() => RefusedAsync(new HeaderBytes(), GgufError.Truncated);

    [Fact]
    public Task ReadAsync_OtherMagic_IsNotGguf() => RefusedAsync(new HeaderBytes().Raw("PK\x03\x04 and much more"u8).Zeros(100), GgufError.NotGguf);

    [Theory]
    [InlineData(0u, GgufError.UnsupportedVersion)]
    [InlineData(1u, GgufError.UnsupportedVersion)]
    [InlineData(4u, GgufError.UnsupportedVersion)]
    [InlineData(0x0300_0000u, GgufError.BigEndian)]
    [InlineData(0x0200_0000u, GgufError.BigEndian)]
    public Task ReadAsync_OtherVersion_IsRefused(uint version, GgufError error) => RefusedAsync(HeaderBytes.Start(0, 0, version).Zeros(100), error);

    [Fact]
    public async Task ReadAsync_CutAnywhere_IsTruncated()
    {
        var whole = Valid.Data(64).Array;
        for (var length = 0; length < whole.Length; length++)
        {
            var error = await ErrorOfAsync(whole.AsMemory(0, length));
            Assert.True(error is GgufError.Truncated or GgufError.TensorOutOfRange, $"Cut at {length}: {error}.");
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1ul << 63)]
    [InlineData(1ul << 40)]
    public async Task ReadAsync_AbsurdCounts_AreRefused(ulong count)
    {
        await RefusedAsync(HeaderBytes.Start(count, 0).Zeros(100), GgufError.LimitExceeded);
        await RefusedAsync(HeaderBytes.Start(0, count).Zeros(100), GgufError.LimitExceeded);
    }

    [Fact]
    public async Task ReadAsync_CountsBeyondTheFile_AreTruncated()
    {
        await RefusedAsync(HeaderBytes.Start(100_000, 0).Zeros(100), GgufError.Truncated);
        await RefusedAsync(HeaderBytes.Start(0, 10_000).Zeros(100), GgufError.Truncated);
    }

    [Theory]
    [InlineData(ulong.MaxValue, GgufError.LimitExceeded)]
    [InlineData(1ul << 32, GgufError.LimitExceeded)]
    [InlineData(1ul << 22, GgufError.Truncated)]
    public Task ReadAsync_AbsurdStringLength_IsRefused(ulong length, GgufError error)
        => RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.String).U64(length).Zeros(100), error);

    [Fact]
    public Task ReadAsync_AbsurdKeyLength_IsRefused() => RefusedAsync(HeaderBytes.Start(0, 1).U64(65_536).Zeros(70_000), GgufError.LimitExceeded);

    [Theory]
    [InlineData(GgufValueType.UInt64, 1ul << 61, GgufError.LimitExceeded)]
    [InlineData(GgufValueType.UInt64, ulong.MaxValue, GgufError.LimitExceeded)]
    [InlineData(GgufValueType.UInt64, 1ul << 20, GgufError.Truncated)]
    [InlineData(GgufValueType.Bool, 1ul << 20, GgufError.Truncated)]
    [InlineData(GgufValueType.String, 1ul << 20, GgufError.Truncated)]
    public Task ReadAsync_AbsurdArrayLength_IsRefused(GgufValueType type, ulong count, GgufError error)
        => RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)type).U64(count).Zeros(1000), error);

    [Fact]
    public async Task ReadAsync_HeaderBeyondTheLimit_IsRefused()
    {
        var limits = GgufLimits.Default with { MaxHeader = Core.Units.ByteSize.KiB(1) };
        var bytes = HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)GgufValueType.UInt8).U64(4096).Zeros(4096).Array;
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufReader.ReadAsync(new MemoryRangeSource(bytes), limits, default));
        Assert.Equal(GgufError.LimitExceeded, exception.Error);
    }

    [Fact]
    public async Task ReadAsync_ArrayOfArrays_IsRefused()
        => await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)GgufValueType.Array).U64(1).U32(4).U64(0).Zeros(16), GgufError.BadValueType);

    [Theory]
    [InlineData(13u)]
    [InlineData(uint.MaxValue)]
    public async Task ReadAsync_UnknownValueType_IsRefused(uint type)
    {
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", (GgufValueType)type).Zeros(100), GgufError.BadValueType);
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32(type).U64(1).Zeros(100), GgufError.BadValueType);
    }

    [Fact]
    public async Task ReadAsync_BoolOfTwo_IsRefused()
    {
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Bool).Raw([2]), GgufError.BadValue);
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)GgufValueType.Bool).U64(3).Raw([0, 1, 255]), GgufError.BadValue);
    }

    public static TheoryData<string> NotUtf8 => ["ff", "c3", "c080", "eda080", "f5808080", "6180"];

    [Theory]
    [MemberData(nameof(NotUtf8))]
    public async Task ReadAsync_BadUtf8_IsRefused(string hex)
    {
        var text = Convert.FromHexString(hex);
        await RefusedAsync(HeaderBytes.Start(0, 1).Text(text).U32(0).Zeros(100), GgufError.BadText);
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.String).Text(text), GgufError.BadText);
        await RefusedAsync(HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)GgufValueType.String).U64(1).Text(text), GgufError.BadText);
        await RefusedAsync(HeaderBytes.Start(1, 0).Text(text).Zeros(100), GgufError.BadText);
    }

    [Fact]
    public Task ReadAsync_EmptyKey_IsRefused() => RefusedAsync(HeaderBytes.Start(0, 1).Key(string.Empty, GgufValueType.UInt64).U64(1), GgufError.BadKey);

    [Fact]
    public Task ReadAsync_DuplicateKey_IsRefused()
        => RefusedAsync(HeaderBytes.Start(0, 2).Key("k", GgufValueType.UInt32).U32(1).Key("k", GgufValueType.UInt32).U32(1), GgufError.DuplicateKey);

    [Theory]
    [InlineData(GgufValueType.UInt32, 0u)]
    [InlineData(GgufValueType.UInt32, 3u)]
    [InlineData(GgufValueType.UInt32, 33u)]
    [InlineData(GgufValueType.UInt32, 0x8000_0000u)]
    [InlineData(GgufValueType.UInt32, uint.MaxValue)]
    [InlineData(GgufValueType.UInt32, 131_072u)]
    [InlineData(GgufValueType.Int32, 32u)]
    public Task ReadAsync_BadAlignment_IsRefused(GgufValueType type, uint alignment)
        => RefusedAsync(HeaderBytes.Start(0, 1).Key("general.alignment", type).U32(alignment), GgufError.BadAlignment);

    [Fact]
    public async Task ReadAsync_BadTensorName_IsRefused()
    {
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor(string.Empty, GgmlType.F32, 0, 8).Data(32), GgufError.BadTensorName);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor(new string('a', 64), GgmlType.F32, 0, 8).Data(32), GgufError.BadTensorName);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor(new string('a', 5000), GgmlType.F32, 0, 8).Data(32), GgufError.LimitExceeded);
    }

    [Fact]
    public Task ReadAsync_DuplicateTensor_IsRefused()
        => RefusedAsync(HeaderBytes.Start(2, 0).Tensor("a", GgmlType.F32, 0, 8).Tensor("a", GgmlType.F32, 32, 8).Data(64), GgufError.DuplicateTensor);

    [Fact]
    public async Task ReadAsync_BadShape_IsRefused()
    {
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, 1, 1, 1, 1, 1).Data(32), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Text("a").U32(uint.MaxValue).Zeros(1000), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, 8, 0).Data(32), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, ulong.MaxValue).Data(32), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.Q4_0, 0, 33).Data(32), GgufError.BadShape);
    }

    [Fact]
    public async Task ReadAsync_ShapeProductOverflows_IsRefused()
    {
        // 2^32 * 2^32 * 4 bytes is 0 in 64 bits; 2^62 * 2 * 4 turns negative.
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, 1ul << 32, 1ul << 32).Data(32), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, 1ul << 62, 2).Data(32), GgufError.BadShape);
        await RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.I8, 0, 1ul << 20, 1ul << 20, 1ul << 20, 1ul << 20).Data(32), GgufError.BadShape);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(31)]
    [InlineData(43)]
    [InlineData(-1)]
    public Task ReadAsync_UnknownTensorType_IsRefused(int type) => RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", (GgmlType)type, 0, 256).Data(2048), GgufError.UnknownTensorType);

    [Fact]
    public Task ReadAsync_MisalignedTensor_IsRefused() => RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 8, 8).Data(64), GgufError.MisalignedTensor);

    [Theory]
    [InlineData(64ul)]
    [InlineData(1ul << 40)]
    [InlineData(1ul << 63)]
    [InlineData(ulong.MaxValue - 31)]
    public Task ReadAsync_TensorBeyondTheFile_IsRefused(ulong offset) => RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, offset, 8).Data(64), GgufError.TensorOutOfRange);

    [Fact]
    public Task ReadAsync_TensorLargerThanTheFile_IsRefused() => RefusedAsync(HeaderBytes.Start(1, 0).Tensor("a", GgmlType.F32, 0, 1ul << 40).Data(64), GgufError.TensorOutOfRange);

    [Fact]
    public async Task ReadAsync_OverlappingTensors_AreRefused()
    {
        await RefusedAsync(HeaderBytes.Start(2, 0).Tensor("a", GgmlType.F32, 0, 8).Tensor("b", GgmlType.F32, 0, 8).Data(64), GgufError.OverlappingTensors);
        await RefusedAsync(HeaderBytes.Start(2, 0).Tensor("a", GgmlType.F32, 32, 8).Tensor("b", GgmlType.F32, 0, 9).Data(96), GgufError.OverlappingTensors);
    }

    [Fact]
    public async Task ReadAsync_TensorsOutOfOrderWithGaps_AreRead()
    {
        var file = await ReadAsync(HeaderBytes.Start(2, 0).Tensor("a", GgmlType.F32, 96, 8).Tensor("b", GgmlType.F32, 0, 8).Data(128));
        Assert.Equal(file.DataOffset + 96, file.GetTensor("a").Offset);
    }

    [Fact]
    public async Task ReadAsync_SourceThatLiesAboutItsLength_TakesNoMemoryForIt()
    {
        var header = HeaderBytes.Start(0, 1).Key("k", GgufValueType.Array).U32((uint)GgufValueType.UInt64).U64(1ul << 22).Array;
        await using var source = new LyingRangeSource(header, 1L << 40);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufReader.ReadAsync(source, null, default));
        Assert.Equal(GgufError.Truncated, exception.Error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, GgufLimits.Default.MaxHeader.Bytes);
    }

    private static async Task<GgufFile> ReadAsync(HeaderBytes bytes) => await GgufReader.ReadAsync(new MemoryRangeSource(bytes.Array), null, TestContext.Current.CancellationToken);

    private static async Task RefusedAsync(HeaderBytes bytes, GgufError expected)
    {
        var content = bytes.Array;

        // A memory source completes at once, so everything happens on this thread.
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = await ErrorOfAsync(content);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(expected, error);
        Assert.InRange(allocated, 0, AllowedBytes);
    }

    private static async Task<GgufError> ErrorOfAsync(ReadOnlyMemory<byte> bytes)
    {
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufReader.ReadAsync(new MemoryRangeSource(bytes, "hostile.gguf"), null, default));
        Assert.Contains("hostile.gguf", exception.Message, StringComparison.Ordinal);
        Assert.StartsWith("gguf.", exception.Code, StringComparison.Ordinal);
        return exception.Error;
    }

    /// <summary>Announces more than it has, as a remote file may.</summary>
    private sealed class LyingRangeSource(byte[] content, long length) : IRangeSource
    {
        public string Name => "lying.gguf";

        public long Length => length;

        public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (offset != 0)
            {
                throw new GgufException(GgufError.Truncated, $"{Name} ends at {content.Length}.");
            }

            destination.Span.Clear();
            content.CopyTo(destination);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
