namespace Skein.P2P.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Placeholder() => Assert.True(true);
}
