using Skein.Core.Hidden;

namespace Skein.Core.Tests.Hidden;

public sealed class HiddenRowsTests
{
    [Fact]
    public void CopyOf_Values_KeepsShapeAndRows()
    {
        using var rows = HiddenRows.CopyOf([1, 2, 3, 4, 5, 6], 2, 3);

        Assert.Equal(2, rows.Rows);
        Assert.Equal(3, rows.Width);
        Assert.Equal([4f, 5f, 6f], rows.Row(1).ToArray());
        Assert.Equal(6, rows.Span.Length);
        Assert.Equal(6, rows.Memory.Length);
    }

    [Fact]
    public void CopyOf_WrongCount_Throws()
        => Assert.Throws<ArgumentException>(() => HiddenRows.CopyOf([1, 2, 3], 2, 2));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 4)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void Rent_AbsurdShape_ThrowsBeforeAllocating(int rows, int width)
        => Assert.Throws<ArgumentOutOfRangeException>(() => HiddenRows.Rent(rows, width));

    [Fact]
    public void Row_OutOfRange_Throws()
    {
        using var rows = HiddenRows.Rent(2, 3);

        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Row(2).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Row(-1).Length);
    }

    [Fact]
    public void Dispose_Twice_ReturnsTheMemoryOnce()
    {
        var first = HiddenRows.Rent(1, 64);
        first.Dispose();
        first.Dispose();
        using var second = HiddenRows.Rent(1, 64);
        using var third = HiddenRows.Rent(1, 64);
        second.Span.Fill(2);
        third.Span.Fill(3);

        Assert.Equal(2, second.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => first.Span.Length);
    }
}
