namespace Skein.Gguf.Tests.Writing;

public sealed class GgufWriterTests
{
    private static readonly TensorDescriptor Tensor = new("a", GgmlType.F32, [10]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAsync_SmallFile_IsTheseBytes()
    {
        using var stream = new MemoryStream();
        var metadata = new GgufMetadata(new KeyValuePair<string, GgufValue>("general.architecture", GgufValue.String("llama")));
        await GgufWriter.WriteAsync(stream, metadata, [GgufTensorContent.FromBytes(new TensorDescriptor("t", GgmlType.I8, [3]), new byte[] { 1, 2, 3 })], null, Token);

        var expected = HeaderBytes.Start(1, 1).Key("general.architecture", GgufValueType.String).Text("llama").Tensor("t", GgmlType.I8, 0, 3).Data(0).Raw([1, 2, 3]).Data(0);
        Assert.Equal(expected.Array, stream.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(41)]
    [InlineData(1000)]
    public async Task WriteAsync_OtherThanDeclaredSize_IsRefused(int bytes)
    {
        using var stream = new MemoryStream();
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [GgufTensorContent.FromBytes(Tensor, new byte[bytes])], null, Token));

        Assert.Equal(GgufError.SizeMismatch, exception.Error);
        Assert.Contains("a (F32 [10]) takes 40 bytes", exception.Message, StringComparison.Ordinal);
        Assert.True(stream.Length <= 96 + 40, "Nothing is written beyond the declared size.");
    }

    [Fact]
    public async Task WriteAsync_SynchronousWriter_IsCountedToo()
    {
        using var stream = new MemoryStream();
        GgufTensorContent content = new(Tensor, (inner, _) =>
        {
            inner.Write(new byte[20]);
            inner.Write(new byte[20]);
            return ValueTask.CompletedTask;
        });
        await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [content], null, Token);
        Assert.Equal(GgufWriter.ComputeLength(GgufMetadata.Empty, [Tensor]), stream.Length);
    }

    [Fact]
    public async Task WriteAsync_TwoTensorsOfOneName_IsRefused()
    {
        using var stream = new MemoryStream();
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [GgufTensorContent.Zeros(Tensor), GgufTensorContent.Zeros(Tensor)], null, Token));
        Assert.Equal(GgufError.DuplicateTensor, exception.Error);
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void ComputeLength_TextWithALoneSurrogate_IsRefused()
        => Assert.Equal(GgufError.BadText, Assert.Throws<GgufException>(() => GgufWriter.ComputeLength(new GgufMetadata(new KeyValuePair<string, GgufValue>("k", GgufValue.String("\ud800"))), [])).Error);

    [Theory]
    [InlineData(0u)]
    [InlineData(48u)]
    [InlineData(1u << 20)]
    public void ComputeLength_BadAlignment_IsRefused(uint alignment)
        => Assert.Equal(GgufError.BadAlignment, Assert.Throws<GgufException>(() => GgufWriter.ComputeLength(new GgufMetadata(new KeyValuePair<string, GgufValue>("general.alignment", GgufValue.UInt32(alignment))), [])).Error);

    [Fact]
    public async Task WriteAsync_Progress_RisesToTheLength()
    {
        using var stream = new MemoryStream();
        var reports = new Reports();
        await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [GgufTensorContent.Zeros(new TensorDescriptor("big", GgmlType.F32, [1 << 20])), GgufTensorContent.Zeros(Tensor)], reports, Token);

        Assert.Equal(stream.Length, reports.Last);
        Assert.Equal(reports.All.Order(), reports.All);
        Assert.True(reports.All.Count >= 5, $"Only {reports.All.Count} reports for 4 MiB.");
    }

    [Fact]
    public async Task WriteAsync_SourceThatEnds_SaysSo()
    {
        await using var source = new MemoryRangeSource(new byte[30], "short");
        using var stream = new MemoryStream();
        var exception = await Assert.ThrowsAsync<GgufException>(async () => await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [GgufTensorContent.FromRange(Tensor, source, 0)], null, Token));
        Assert.Equal(GgufError.Truncated, exception.Error);
    }

    [Fact]
    public async Task WriteAsync_Cancelled_Stops()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        using var stream = new MemoryStream();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await GgufWriter.WriteAsync(stream, GgufMetadata.Empty, [GgufTensorContent.Zeros(Tensor)], null, cancelled.Token));
    }
}
