using System.Text;
using Skein.P2P.Addressing;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KadStoreTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Multiaddr[] Somewhere = [Multiaddr.Parse("/ip4/192.0.2.7/tcp/7410")];

    [Fact]
    public void Records_BetterStays_SenderSaysNothingOfTime()
    {
        var store = new KadRecordStore(TextValidator.Rules, new KadStoreOptions());

        Assert.True(store.Put("/num/a"u8, "5"u8, Start));
        Assert.False(store.Put("/num/a"u8, "4"u8, Start));
        Assert.True(store.Put("/num/a"u8, "5"u8, Start.AddHours(1)));
        Assert.True(store.Put("/num/a"u8, "6"u8, Start.AddHours(2)));

        var record = store.Get("/num/a"u8, Start.AddHours(3))!;
        Assert.Equal("6", Encoding.UTF8.GetString(record.Value.Span));
        Assert.Equal("2026-01-01T02:00:00.000Z", record.TimeReceived);
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void Records_TwoDaysOld_AreGoneAndMakeRoomForAWorseOne()
    {
        var store = new KadRecordStore(TextValidator.Rules, new KadStoreOptions());
        store.Put("/num/a"u8, "5"u8, Start);

        Assert.NotNull(store.Get("/num/a"u8, Start.AddHours(47)));
        Assert.True(store.Put("/num/a"u8, "1"u8, Start.AddHours(48)));
        Assert.Null(store.Get("/num/a"u8, Start.AddHours(96)));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Records_Full_RefusesUntilSomeAreOld()
    {
        var store = new KadRecordStore(TextValidator.Rules, new KadStoreOptions { MaxRecords = 2 });
        Assert.True(store.Put("/num/a"u8, "1"u8, Start));
        Assert.True(store.Put("/num/b"u8, "1"u8, Start));
        Assert.False(store.Put("/num/c"u8, "1"u8, Start));
        Assert.True(store.Put("/num/b"u8, "2"u8, Start));
        Assert.True(store.Put("/num/c"u8, "1"u8, Start.AddHours(48)));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void Records_ValueOverTheLimit_IsInvalid()
    {
        var store = new KadRecordStore(TextValidator.Rules, new KadStoreOptions());

        Assert.False(store.Put("/num/a"u8, new byte[KadLimits.MaxValue + 1], Start));
        Assert.False(store.Put(Encoding.UTF8.GetBytes("/num/" + new string('x', KadLimits.MaxKey)), "1"u8, Start));
    }

    [Fact]
    public void Providers_AreForgottenUnlessTheySayItAgain()
    {
        var store = new KadProviderStore(new KadStoreOptions());
        store.Add([1], TestPeers.Id(1), Somewhere, Start);
        store.Add([1], TestPeers.Id(2), Somewhere, Start);
        store.Add([1], TestPeers.Id(2), Somewhere, Start.AddMinutes(20));

        Assert.Equal([TestPeers.Id(2), TestPeers.Id(1)], store.Get([1], 10, Start.AddMinutes(29)).Select(peer => peer.Id));
        Assert.Equal([TestPeers.Id(2)], store.Get([1], 10, Start.AddMinutes(30)).Select(peer => peer.Id));
        store.Sweep(Start.AddMinutes(50));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Providers_EveryLimit_Holds()
    {
        var store = new KadProviderStore(new KadStoreOptions { MaxProviderKeys = 3, MaxProvidersPerKey = 2, MaxKeysPerProvider = 2 });
        Assert.True(store.Add([1], TestPeers.Id(1), Somewhere, Start));
        Assert.True(store.Add([2], TestPeers.Id(1), Somewhere, Start));
        // Its third key, a third provider of a key, a fourth key.
        Assert.False(store.Add([3], TestPeers.Id(1), Somewhere, Start));
        Assert.True(store.Add([1], TestPeers.Id(2), Somewhere, Start));
        Assert.False(store.Add([1], TestPeers.Id(3), Somewhere, Start));
        Assert.True(store.Add([3], TestPeers.Id(3), Somewhere, Start));
        Assert.False(store.Add([4], TestPeers.Id(4), Somewhere, Start));

        Assert.True(store.Add([4], TestPeers.Id(4), Somewhere, Start.AddMinutes(30)));
        Assert.Equal(1, store.Count);
    }
}
