using System.Net;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

public sealed class RoutingTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 7, TimeSpan.Zero);
    private static readonly RoutingTableOptions Small = new() { BucketSize = 2 };

    [Fact]
    public void Offer_Ourselves_IsRefused()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions());

        Assert.Equal(RoutingTableOutcome.Self, table.Offer(Entry(0)).Outcome);
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void Offer_SamePeerAgain_RefreshesWithoutGrowing()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions());
        Assert.Equal(RoutingTableOutcome.Added, table.Offer(Entry(1)).Outcome);
        Assert.Equal(RoutingTableOutcome.Refreshed, table.Offer(Entry(1, Now.AddMinutes(1))).Outcome);

        Assert.Equal(1, table.Count);
        Assert.Equal(Now.AddMinutes(1), Assert.Single(table.Entries).LastSeen);
    }

    [Fact]
    public void Offer_BucketFullOfTheLiving_KeepsThem()
    {
        var (table, members, newcomer) = FullBucket();

        Assert.Equal(RoutingTableOutcome.BucketFull, table.Offer(newcomer with { LastSeen = Now.AddMinutes(9) }).Outcome);
        Assert.All(members, member => Assert.Contains(table.Entries, entry => entry.Id == member.Id));
    }

    [Fact]
    public void Offer_OldestLongUnseen_IsAskedFirstAndMakesRoomWhenDead()
    {
        var (table, members, newcomer) = FullBucket();
        newcomer = newcomer with { LastSeen = Now.AddMinutes(10) };
        var answer = table.Offer(newcomer);
        Assert.Equal(new RoutingTableAnswer(RoutingTableOutcome.AskFirst, members[0].Id), answer);

        Assert.True(table.Remove(answer.Challenge!));
        Assert.Equal(RoutingTableOutcome.Added, table.Offer(newcomer).Outcome);
        Assert.False(table.Remove(members[0].Id));
    }

    [Fact]
    public void Offer_ManyOfOneNeighbourhood_AdmitsThreeInTheTableAndTwoInABucket()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions());
        var outcomes = Enumerable.Range(1, 500).Select(i => table.Offer(RoutingTableEntry.Create(TestPeers.Id(i), IPAddress.Parse($"203.0.113.{i % 250}"), Now)).Outcome).ToArray();

        Assert.Equal(3, table.Count);
        Assert.Equal(497, outcomes.Count(outcome => outcome == RoutingTableOutcome.GroupFull));
        Assert.True(table.Entries.GroupBy(entry => KadKey.Of(TestPeers.Id(0)).CommonPrefix(entry.Key)).All(bucket => bucket.Count() <= 2));
    }

    [Fact]
    public void Offer_KnownPeerFromAnotherNeighbourhood_DoesNotFreeItsOldPlace()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions());
        var admitted = Enumerable.Range(1, 500).Select(i => RoutingTableEntry.Create(TestPeers.Id(i), IPAddress.Parse("203.0.113.9"), Now)).Where(entry => table.Offer(entry).Outcome == RoutingTableOutcome.Added).ToArray();
        table.Offer(RoutingTableEntry.Create(admitted[0].Id, IPAddress.Parse("198.51.100.1"), Now));

        Assert.DoesNotContain(Enumerable.Range(501, 500), i => table.Offer(RoutingTableEntry.Create(TestPeers.Id(i), IPAddress.Parse("203.0.113.9"), Now)).Outcome == RoutingTableOutcome.Added);
    }

    [Fact]
    public void Nearest_ManyPeers_AreTheNearestInOrder()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions { BucketSize = 1000 });
        foreach (var i in Enumerable.Range(1, 300))
        {
            table.Offer(Entry(i));
        }

        var target = KadKey.Of("somewhere"u8);
        var expected = TestPeers.Ids(300).OrderBy(KadKey.Of, Comparer<KadKey>.Create(target.CompareDistance)).Take(20);
        Assert.Equal(expected, table.Nearest(target, 20).Select(entry => entry.Id));
    }

    [Fact]
    public void Offer_AHomeFullOfMachines_LetsThemAllIn()
    {
        var table = new RoutingTable(TestPeers.Id(0), new RoutingTableOptions { BucketSize = 100 });
        foreach (var i in Enumerable.Range(1, 50))
        {
            Assert.Equal(RoutingTableOutcome.Added, table.Offer(RoutingTableEntry.Create(TestPeers.Id(i), IPAddress.Parse($"192.168.1.{i}"), Now)).Outcome);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", null)]
    [InlineData("192.0.2.77", "192.0.2")]
    [InlineData("192.168.1.77", "192.168.1.77")]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3")]
    [InlineData("172.31.0.1", "172.31.0.1")]
    [InlineData("172.32.0.1", "172.32.0")]
    [InlineData("100.64.9.9", "100.64.9.9")]
    [InlineData("fd00:1:2:3::4", "fd00:1:2:3::4")]
    [InlineData("::ffff:192.0.2.77", "192.0.2")]
    [InlineData("2001:db8:1234:5678::1", "20010db81234")]
    [InlineData("fe80::1", null)]
    public void IpGroup_OfAddress_IsItsNeighbourhood(string address, string? expected)
        => Assert.Equal(expected, IpGroup.Of(IPAddress.Parse(address)));

    private static RoutingTableEntry Entry(int number, DateTimeOffset? seen = null) => RoutingTableEntry.Create(TestPeers.Id(number), null, seen ?? Now);

    private static (RoutingTable Table, RoutingTableEntry[] Members, RoutingTableEntry Newcomer) FullBucket()
    {
        var self = KadKey.Of(TestPeers.Id(0));
        var farHalf = Enumerable.Range(1, 100).Select(i => Entry(i)).Where(entry => self.CommonPrefix(entry.Key) == 0).Take(3).ToArray();
        var table = new RoutingTable(TestPeers.Id(0), Small);
        Assert.Equal(RoutingTableOutcome.Added, table.Offer(farHalf[0]).Outcome);
        Assert.Equal(RoutingTableOutcome.Added, table.Offer(farHalf[1]).Outcome);
        return (table, farHalf[..2], farHalf[2]);
    }
}
