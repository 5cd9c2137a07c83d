using Skein.P2P.Relay;

namespace Skein.P2P.Tests.Relay;

public sealed class RelayPatienceTests
{
    [Fact]
    public void Next_AfterFailures_DoublesUpToFiveMinutes()
    {
        var patience = new RelayPatience(new RelayClientOptions());

        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300], Enumerable.Range(0, 8).Select(_ => patience.Next().TotalSeconds));
    }

    [Fact]
    public void Held_LongEnough_BeginsAnew()
    {
        var patience = new RelayPatience(new RelayClientOptions());
        patience.Next();
        patience.Held(TimeSpan.FromMinutes(4.9));
        Assert.Equal(10, patience.Next().TotalSeconds);
        patience.Held(TimeSpan.FromMinutes(5));
        Assert.Equal(5, patience.Next().TotalSeconds);
    }
}
