namespace Skein.Gguf.Tests.Sources;

/// <summary>What every source promises; new kinds join the list.</summary>
public sealed class RangeSourceTests : IDisposable
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("file")]
    [InlineData("memory")]
    public async Task ReadAsync_AnyRange_FillsExactly(string kind)
    {
        await using var source = await OpenAsync(kind);
        Assert.Equal(Content.Length, source.Length);
        foreach (var (offset, count) in ((int, int)[])[(0, 1000), (0, 0), (1000, 0), (999, 1), (17, 400)])
        {
            var bytes = new byte[count];
            await source.ReadAsync(offset, bytes, Token);
            Assert.Equal(Content[offset..(offset + count)], bytes);
        }
    }

    [Theory]
    [InlineData("file")]
    [InlineData("memory")]
    public async Task ReadAsync_BeyondTheEnd_IsTruncated(string kind)
    {
        await using var source = await OpenAsync(kind);
        foreach (var (offset, count) in ((long, int)[])[(0, 1001), (1000, 1), (1001, 0), (long.MaxValue, 1), (1L << 40, 10)])
        {
            var exception = await Assert.ThrowsAsync<GgufException>(async () => await source.ReadAsync(offset, new byte[count], Token));
            Assert.Equal(GgufError.Truncated, exception.Error);
            Assert.Contains(source.Name, exception.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await source.ReadAsync(-1, new byte[1], Token));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("memory")]
    public async Task ReadAsync_ManyAtOnce_DoNotDisturbEachOther(string kind)
    {
        await using var source = await OpenAsync(kind);
        await Parallel.ForAsync(0, 200, Token, async (i, cancellationToken) =>
        {
            var bytes = new byte[100];
            await source.ReadAsync(i, bytes, cancellationToken);
            Assert.Equal(Content[i..(i + 100)], bytes);
        });
    }

    [Fact]
    public async Task ReadAsync_FileThatShrinks_SaysSo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets nobody write to a file that is open for reading.");
        await using var source = await OpenAsync("file");
        using (var writer = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            writer.SetLength(10);
        }

        var exception = await Assert.ThrowsAsync<GgufException>(async () => await source.ReadAsync(0, new byte[100], Token));
        Assert.Equal(GgufError.Truncated, exception.Error);
        Assert.Contains("became shorter", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoSuchFile_Throws() => Assert.Throws<FileNotFoundException>(() => FileRangeSource.Open(_path));

    private async Task<IRangeSource> OpenAsync(string kind)
    {
        if (kind == "memory")
        {
            return new MemoryRangeSource(Content);
        }

        await File.WriteAllBytesAsync(_path, Content, Token);
        return FileRangeSource.Open(_path);
    }
}
