using System.Net;
using System.Text;
using CsCheck;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

public sealed class KadStoreTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Multiaddr[] Somewhere = [Multiaddr.Parse("/ip4/192.0.2.7/tcp/7410")];

    [Fact]
    public void Records_BetterStays_SenderSaysNothingOfTime()
    {
        var store = new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions());

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
        var store = new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions());
        store.Put("/num/a"u8, "5"u8, Start);

        Assert.NotNull(store.Get("/num/a"u8, Start.AddHours(47)));
        Assert.True(store.Put("/num/a"u8, "1"u8, Start.AddHours(48)));
        Assert.Null(store.Get("/num/a"u8, Start.AddHours(96)));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Records_BetterOneThatDoesNotFit_LeavesTheOldOne()
    {
        var keys = ByDistance(2);
        var store = new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions { MaxRecordBytes = keys[0].Length + keys[1].Length + 2 });
        Assert.True(store.Put(keys[0], "1"u8, Start));
        Assert.True(store.Put(keys[1], "1"u8, Start));

        // The farther one may not push out the nearer one by growing.
        Assert.False(store.Put(keys[1], "22"u8, Start));
        Assert.Equal("1", Encoding.UTF8.GetString(store.Get(keys[1], Start)!.Value.Span));
        Assert.NotNull(store.Get(keys[0], Start));

        // Of the same size it fits in the old one's place.
        Assert.True(store.Put(keys[1], "2"u8, Start));
        Assert.Equal(2, store.Count);
    }

    [Fact]
    public void Records_Full_OnesNearerToUsStay()
    {
        var keys = ByDistance(3);
        var store = new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions { MaxRecords = 2 });
        Assert.True(store.Put(keys[2], "1"u8, Start));
        Assert.True(store.Put(keys[1], "1"u8, Start));
        Assert.True(store.Put(keys[0], "1"u8, Start));
        Assert.Null(store.Get(keys[2], Start));
        Assert.False(store.Put(keys[2], "2"u8, Start));
        Assert.True(store.Put(keys[1], "2"u8, Start));

        // What is old makes room for anybody.
        Assert.True(store.Put(keys[2], "1"u8, Start.AddHours(48)));
        Assert.NotNull(store.Get(keys[2], Start.AddHours(48)));
    }

    [Fact]
    public void Records_BytesFull_OnesNearerToUsStay()
    {
        var keys = ByDistance(2);
        var store = new KadRecordStore(TestPeers.Id(0), new Dictionary<string, IRecordValidator>(StringComparer.Ordinal) { ["num"] = new AnyValidator() }, new KadStoreOptions { MaxRecordBytes = 1000 });
        Assert.True(store.Put(keys[1], new byte[900], Start));
        Assert.True(store.Put(keys[0], new byte[900], Start));
        Assert.False(store.Put(keys[1], new byte[900], Start));
        Assert.False(store.Put(keys[0], new byte[1001], Start));

        // What is refused changes nothing.
        Assert.Equal(900, store.Get(keys[0], Start)!.Value.Length);
        Assert.Equal(1, store.Count);
    }

    [Theory]
    [InlineData("/num/a", true)]
    [InlineData("/num", false)]
    [InlineData("num/a", false)]
    [InlineData("//a", false)]
    [InlineData("/", false)]
    [InlineData("", false)]
    [InlineData("/NUM/a", false)]
    public void Records_KeyWithoutANamespaceOfOurs_IsRefused(string key, bool isTaken)
        => Assert.Equal(isTaken, new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions()).Put(Encoding.UTF8.GetBytes(key), "1"u8, Start));

    [Fact]
    public void PublicKeys_OnlyThePeersOwn_IsValid()
    {
        using var own = PeerKey.Generate();
        using var other = PeerKey.Generate();
        byte[] key = [.. "/pk/"u8, .. own.PeerId.Bytes.Span];
        var validator = new PublicKeyValidator();

        Assert.True(validator.IsValid(key, own.PublicKey.Encoded.Span, Start));
        Assert.False(validator.IsValid(key, other.PublicKey.Encoded.Span, Start));
        Assert.False(validator.IsValid("/pk/"u8, own.PublicKey.Encoded.Span, Start));
        Assert.False(validator.IsValid(key, [1, 2, 3], Start));
        Assert.Equal(0, validator.Compare(key, own.PublicKey.Encoded.Span, own.PublicKey.Encoded.Span));
    }

    [Fact]
    public void Records_ValueOverTheLimit_IsInvalid()
    {
        var store = new KadRecordStore(TestPeers.Id(0), TextValidator.Rules, new KadStoreOptions());

        Assert.False(store.Put("/num/a"u8, new byte[KadLimits.MaxValue + 1], Start));
        Assert.False(store.Put(Encoding.UTF8.GetBytes("/num/" + new string('x', KadLimits.MaxKey)), "1"u8, Start));
    }

    [Fact]
    public void Providers_AreForgottenUnlessTheySayItAgain()
    {
        var store = new KadProviderStore(new KadStoreOptions(), new Random(1));
        store.Add([1], TestPeers.Id(1), Somewhere, null, Start);
        store.Add([1], TestPeers.Id(2), Somewhere, null, Start);
        store.Add([1], TestPeers.Id(2), Somewhere, null, Start.AddMinutes(20));

        Assert.Equal(new[] { TestPeers.Id(2), TestPeers.Id(1) }.ToHashSet(), store.Get([1], 10, Start.AddMinutes(29)).Select(peer => peer.Id).ToHashSet());
        Assert.Equal([TestPeers.Id(2)], store.Get([1], 10, Start.AddMinutes(30)).Select(peer => peer.Id));
        store.Sweep(Start.AddMinutes(50));
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void Providers_EveryLimit_Holds()
    {
        var store = new KadProviderStore(new KadStoreOptions { MaxProviderKeys = 3, MaxProvidersPerKey = 2, MaxKeysPerProvider = 2 }, new Random(1));
        Assert.True(store.Add([1], TestPeers.Id(1), Somewhere, null, Start));
        Assert.True(store.Add([2], TestPeers.Id(1), Somewhere, null, Start));
        // Its third key, a third provider of a key, a fourth key.
        Assert.False(store.Add([3], TestPeers.Id(1), Somewhere, null, Start));
        Assert.True(store.Add([1], TestPeers.Id(2), Somewhere, null, Start));
        Assert.False(store.Add([1], TestPeers.Id(3), Somewhere, null, Start));
        Assert.True(store.Add([3], TestPeers.Id(3), Somewhere, null, Start));
        Assert.False(store.Add([4], TestPeers.Id(4), Somewhere, null, Start));

        Assert.True(store.Add([4], TestPeers.Id(4), Somewhere, null, Start.AddMinutes(30)));
        Assert.Equal(1, store.Count);
    }

    [Fact]
    public void Providers_OfOneNeighbourhood_LeaveRoomForOthers()
    {
        var store = new KadProviderStore(new KadStoreOptions { MaxProvidersPerGroupAndKey = 2 }, new Random(1));
        Assert.True(store.Add([1], TestPeers.Id(1), Somewhere, IPAddress.Parse("198.18.0.1"), Start));
        Assert.True(store.Add([1], TestPeers.Id(2), Somewhere, IPAddress.Parse("198.18.0.2"), Start));
        Assert.False(store.Add([1], TestPeers.Id(3), Somewhere, IPAddress.Parse("198.18.0.3"), Start));
        Assert.True(store.Add([1], TestPeers.Id(4), Somewhere, IPAddress.Parse("198.18.1.3"), Start));
        Assert.True(store.Add([2], TestPeers.Id(3), Somewhere, IPAddress.Parse("198.18.0.3"), Start));
    }

    [Fact]
    public void Providers_OfOneNeighbourhood_DoNotFillTheStore()
    {
        var store = new KadProviderStore(new KadStoreOptions { MaxProvidersPerGroup = 3 }, new Random(1));
        for (byte i = 1; i <= 3; i++)
        {
            Assert.True(store.Add([i], TestPeers.Id(i), Somewhere, IPAddress.Parse("198.18.0.1"), Start));
        }

        Assert.False(store.Add([4], TestPeers.Id(4), Somewhere, IPAddress.Parse("198.18.0.9"), Start));
        Assert.True(store.Add([4], TestPeers.Id(5), Somewhere, IPAddress.Parse("198.18.1.9"), Start));

        // One says it again, one has moved: both keep their places. One is forgotten and makes room.
        Assert.True(store.Add([1], TestPeers.Id(1), Somewhere, IPAddress.Parse("198.18.0.1"), Start.AddMinutes(1)));
        Assert.True(store.Add([2], TestPeers.Id(2), Somewhere, IPAddress.Parse("198.18.1.1"), Start.AddMinutes(1)));
        Assert.False(store.Add([4], TestPeers.Id(4), Somewhere, IPAddress.Parse("198.18.0.9"), Start.AddMinutes(29)));
        Assert.True(store.Add([4], TestPeers.Id(4), Somewhere, IPAddress.Parse("198.18.0.9"), Start.AddMinutes(30)));
    }

    [Fact]
    public void Streams_OfOneNeighbourhood_LeaveRoomForOthers()
    {
        var places = new KadStreamPlaces(4, 2);
        Assert.True(places.TryTake("a"));
        Assert.True(places.TryTake("a"));
        Assert.False(places.TryTake("a"));
        Assert.True(places.TryTake("b"));
        Assert.True(places.TryTake("c"));
        Assert.False(places.TryTake("d"));

        places.Release("a");
        Assert.True(places.TryTake("d"));
        Assert.False(places.TryTake("a"));
    }

    [Fact]
    public void Providers_InAll_AreLimitedAndLookedThroughSeldom()
    {
        var store = new KadProviderStore(new KadStoreOptions { MaxProviders = 2 }, new Random(1));
        store.Add([1], TestPeers.Id(1), Somewhere, null, Start);
        store.Add([2], TestPeers.Id(2), Somewhere, null, Start.AddMinutes(1));
        Assert.False(store.Add([3], TestPeers.Id(3), Somewhere, null, Start.AddMinutes(30).AddSeconds(-5)));
        Assert.False(store.Add([3], TestPeers.Id(3), Somewhere, null, Start.AddMinutes(30).AddSeconds(1)));
        Assert.True(store.Add([3], TestPeers.Id(3), Somewhere, null, Start.AddMinutes(30).AddSeconds(6)));
        store.Remove([2], TestPeers.Id(2));
        store.Remove([2], TestPeers.Id(3));
        Assert.True(store.Add([4], TestPeers.Id(4), Somewhere, null, Start.AddMinutes(30).AddSeconds(7)));
        Assert.Equal(2, store.Count);
    }

    [Fact]
    public void Providers_MoreThanAskedFor_OthersEachTime()
    {
        var store = new KadProviderStore(new KadStoreOptions(), new Random(1));
        foreach (var peer in TestPeers.Ids(100))
        {
            store.Add([1], peer, Somewhere, null, Start);
        }

        var seen = new HashSet<PeerId>();
        for (var i = 0; i < 100; i++)
        {
            var some = store.Get([1], 10, Start);
            Assert.Equal(10, some.DistinctBy(peer => peer.Id).Count());
            seen.UnionWith(some.Select(peer => peer.Id));
        }

        Assert.Equal(100, seen.Count);
    }

    [Fact]
    public void Providers_ManyAddresses_KeepsEight()
    {
        var store = new KadProviderStore(new KadStoreOptions(), new Random(1));
        store.Add([1], TestPeers.Id(1), [.. Enumerable.Range(1, 40).Select(i => Multiaddr.Parse($"/ip4/192.0.2.{i}/tcp/1"))], null, Start);

        Assert.Equal(8, Assert.Single(store.Get([1], 1, Start)).Addresses.Count);
    }

    [Fact]
    public void Providers_WhateverHappens_ThePlacesComeBack()
        => Gen.Select(Gen.Int[0, 3], Gen.Int[1, 6], Gen.Int[0, 40]).Array[0, 200].Sample(
            steps =>
            {
                var options = new KadStoreOptions { MaxProviderKeys = 3, MaxProvidersPerKey = 4, MaxKeysPerProvider = 2, MaxProviders = 7, MaxProvidersPerGroupAndKey = 2 };
                var store = new KadProviderStore(options, new Random(1));
                var now = Start;
                foreach (var (key, peer, minutes) in steps)
                {
                    now += TimeSpan.FromMinutes(minutes / 8);
                    if (minutes == 40)
                    {
                        store.Remove([(byte)key], TestPeers.Id(peer));
                    }
                    else
                    {
                        store.Add([(byte)key], TestPeers.Id(peer), Somewhere, IPAddress.Parse($"198.51.{peer % 3}.1"), now);
                    }

                    var all = Enumerable.Range(0, 4).SelectMany(k => store.Get([(byte)k], 100, now).Select(found => (Key: k, found.Id))).ToList();
                    Assert.True(store.Count <= 3 && all.Count <= 7);
                    Assert.All(all.GroupBy(entry => entry.Key), keyed => Assert.True(keyed.Count() <= 4));
                    Assert.All(all.GroupBy(entry => entry.Id), keyed => Assert.True(keyed.Count() <= 2));
                }

                // When all are old, there is as much room as at first.
                now += TimeSpan.FromHours(1);
                for (var i = 0; i < 7; i++)
                {
                    Assert.True(store.Add([(byte)(10 + (i / 3))], TestPeers.Id(20 + i), Somewhere, null, now), $"no room for entry {i} after {steps.Length} steps");
                }

                Assert.False(store.Add([12], TestPeers.Id(40), Somewhere, null, now));
            },
            iter: 300);

    // Keys of the namespace, nearest to peer 0 first.
    private static byte[][] ByDistance(int count)
        => [.. Enumerable.Range(0, count).Select(i => Encoding.UTF8.GetBytes($"/num/{i}")).OrderBy(key => KadKey.Of(key), Comparer<KadKey>.Create(KadKey.Of(TestPeers.Id(0)).CompareDistance))];

    private sealed class AnyValidator : IRecordValidator
    {
        public bool IsValid(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, DateTimeOffset now) => true;

        public int Compare(ReadOnlySpan<byte> key, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);
    }
}
