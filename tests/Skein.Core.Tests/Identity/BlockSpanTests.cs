using CsCheck;
using Skein.Core.Identity;

namespace Skein.Core.Tests.Identity;

public sealed class BlockSpanTests
{
    [Fact]
    public void Cut_AtBoundaries_TilesTheModel()
    {
        var spans = BlockSpan.Cut(30, [7, 8, 23]);

        Assert.Equal([new(0, 7), new(7, 8), new(8, 23), new(23, 30)], spans);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(-1)]
    [InlineData(31)]
    public void Cut_OutsideTheModel_Throws(int cut)
        => Assert.Throws<ArgumentException>(() => BlockSpan.Cut(30, [cut]));

    [Fact]
    public void Cut_OutOfOrderOrTwice_Throws()
    {
        Assert.Throws<ArgumentException>(() => BlockSpan.Cut(30, [20, 10]));
        Assert.Throws<ArgumentException>(() => BlockSpan.Cut(30, [10, 10]));
    }

    [Fact]
    public void Split_AnySizes_TilesAndDiffersByAtMostOne()
    {
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 40]).Where((blocks, parts) => parts <= blocks).Sample((blocks, parts) =>
        {
            var spans = BlockSpan.Split(blocks, parts);
            Assert.Equal(parts, spans.Count);
            Assert.Equal(0, spans[0].First);
            Assert.Equal(blocks, spans[^1].End);
            Assert.All(spans.Zip(spans.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.First));
            Assert.True(spans.Max(s => s.Count) - spans.Min(s => s.Count) <= 1);
        });
    }

    [Fact]
    public void Split_MorePartsThanBlocks_Throws()
        => Assert.Throws<ArgumentOutOfRangeException>(() => BlockSpan.Split(2, 3));

    [Theory]
    [InlineData(0, 3, 10, true)]
    [InlineData(9, 10, 10, true)]
    [InlineData(9, 11, 10, false)]
    [InlineData(5, 5, 10, false)]
    [InlineData(-1, 5, 10, false)]
    public void IsWithin_Bounds_AreHalfOpen(int first, int end, int blocks, bool expected)
        => Assert.Equal(expected, new BlockSpan(first, end).IsWithin(blocks));

    [Fact]
    public void ToString_ForPeople_NamesTheLastBlock()
    {
        Assert.Equal("10..19", new BlockSpan(10, 20).ToString());
        Assert.Equal("4", new BlockSpan(4, 5).ToString());
    }
}
