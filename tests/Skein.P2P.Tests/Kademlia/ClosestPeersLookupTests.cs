using CsCheck;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;

namespace Skein.P2P.Tests.Kademlia;

/// <summary>Lookups over a simulated network: no socket, virtual time.</summary>
public sealed class ClosestPeersLookupTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 7, TimeSpan.Zero);
    private static readonly PeerId Self = TestPeers.Id(0);

    [Fact]
    public void Lookup_HonestNetwork_FindsTheNearest()
        => Gen.Select(Gen.Int[1, 300], Gen.Int, Gen.Int[1, 10]).Sample(
            (size, seed, parallelism) =>
            {
                var peers = TestPeers.Ids(size);
                var network = new Network(peers, seed);
                var target = KadKey.Of(BitConverter.GetBytes(seed));
                var lookup = new ClosestPeersLookup(Self, target, peers.Take(3), new LookupOptions { Parallelism = parallelism });

                network.Run(lookup);

                Assert.Equal(Nearest(peers, target, 20), lookup.Result);
            },
            iter: 60);

    [Fact]
    public void Lookup_ThirtyPercentDead_FindsTheNearestAlive()
        => Gen.Select(Gen.Int[60, 300], Gen.Int).Sample(
            (size, seed) =>
            {
                var peers = TestPeers.Ids(size);
                var random = new Random(seed);
                var dead = peers.Skip(3).Where(_ => random.Next(100) < 30).ToHashSet();
                var network = new Network(peers, seed) { Dead = dead };
                var target = KadKey.Of(BitConverter.GetBytes(seed));
                var lookup = new ClosestPeersLookup(Self, target, peers.Take(3), new LookupOptions());

                network.Run(lookup);

                // An answer names 20 peers, dead ones among them: somebody at the fringe may stay unknown (seen with 210 peers, seed 66416384).
                var nearest = Nearest(peers.Where(peer => !dead.Contains(peer)), target, 20).ToList();
                Assert.Equal(nearest.Take(10), lookup.Result.Take(10));
                Assert.True(nearest.Intersect(lookup.Result).Count() >= 17, $"{size} peers, seed {seed}: only {nearest.Intersect(lookup.Result).Count()} of the 20 nearest were found");
            },
            iter: 40);

    // Liars name only each other, and the honest know no more than their buckets hold. There are no disjoint paths: that all of the nearest twenty are asked is what finds the honest ones.
    [Theory]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(50)]
    public void Lookup_AmongLiars_FindsNearlyAllOfTheNearestHonestOnes(int percentLiars)
    {
        var (found, all) = (0, 0);
        for (var seed = 0; seed < 40; seed++)
        {
            var peers = TestPeers.Ids(1000);
            var random = new Random(seed);
            var network = new Network(peers, seed) { Liars = peers.Where(_ => random.Next(100) < percentLiars).ToHashSet(), KnowBucketsOnly = true };
            var target = KadKey.Of(BitConverter.GetBytes(seed));
            var lookup = new ClosestPeersLookup(Self, target, network.BucketsOf(Self, target), new LookupOptions());

            network.Run(lookup);

            var honest = Nearest(peers, target, 20).Where(peer => !network.Liars.Contains(peer)).ToList();
            found += honest.Intersect(lookup.Result).Count();
            all += honest.Count;
        }

        Assert.True(found >= 0.99 * all, $"{found} of {all} honest peers were found");
    }

    [Fact]
    public void Lookup_PeersThatNameStrangersForEver_EndsWithinItsBound()
    {
        var options = new LookupOptions { MaxQueries = 64 };
        var target = KadKey.Of("x"u8);
        // Each answer names strangers nearer than all before: the walk would never settle by itself.
        var strangers = new Queue<PeerId>(TestPeers.Ids(4000).OrderByDescending(KadKey.Of, Comparer<KadKey>.Create(target.CompareDistance)));
        var lookup = new ClosestPeersLookup(Self, target, [strangers.Dequeue()], options);
        var asked = 0;
        while (lookup.Next(Start) is { Kind: LookupStepKind.Ask } step)
        {
            asked++;
            lookup.OnAnswer(step.Peer!, Enumerable.Range(0, 30).Select(_ => strangers.Dequeue()));
        }

        Assert.Equal(LookupStepKind.Finished, lookup.Next(Start).Kind);
        Assert.Equal(64, asked);
    }

    [Fact]
    public void Next_NoMoreThanAlphaAtOnce_WaitsUntilTheFirstDeadline()
    {
        var lookup = new ClosestPeersLookup(Self, KadKey.Of("x"u8), TestPeers.Ids(20), new LookupOptions { Parallelism = 3 });
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(LookupStepKind.Ask, lookup.Next(Start).Kind);
        }

        Assert.Equal(new LookupStep(LookupStepKind.Wait, Until: Start.AddSeconds(10)), lookup.Next(Start));
        Assert.Equal(LookupStepKind.Ask, lookup.Next(Start.AddSeconds(10)).Kind);
    }

    [Fact]
    public void OnAnswer_LateOne_StillCounts()
    {
        var lookup = new ClosestPeersLookup(Self, KadKey.Of("x"u8), TestPeers.Ids(1), new LookupOptions());
        lookup.Next(Start);
        Assert.Equal(LookupStepKind.Finished, lookup.Next(Start.AddSeconds(11)).Kind);

        Assert.True(lookup.OnAnswer(TestPeers.Id(1), []));
        Assert.Equal([TestPeers.Id(1)], lookup.Result);
    }

    [Fact]
    public void OnAnswer_FromSomebodyNotAsked_ChangesNothing()
    {
        var lookup = new ClosestPeersLookup(Self, KadKey.Of("x"u8), TestPeers.Ids(2), new LookupOptions { Parallelism = 1 });
        var asked = lookup.Next(Start).Peer!;
        var other = TestPeers.Ids(2).Single(id => id != asked);

        Assert.False(lookup.OnAnswer(other, TestPeers.Ids(9)));
        Assert.False(lookup.OnAnswer(TestPeers.Id(77), TestPeers.Ids(9)));
        Assert.Empty(lookup.Result);
    }

    [Fact]
    public void OnAnswer_NamingOurselves_NeverAsksUs()
    {
        var lookup = new ClosestPeersLookup(Self, KadKey.Of(Self), TestPeers.Ids(1), new LookupOptions());
        lookup.OnAnswer(lookup.Next(Start).Peer!, [Self]);

        Assert.Equal(LookupStepKind.Finished, lookup.Next(Start).Kind);
        Assert.DoesNotContain(Self, lookup.Result);
    }

    private static IEnumerable<PeerId> Nearest(IEnumerable<PeerId> peers, KadKey target, int count)
        => peers.OrderBy(KadKey.Of, Comparer<KadKey>.Create(target.CompareDistance)).Take(count);

    /// <summary>Peers that know everybody's neighbours, and answer in a random order.</summary>
    private sealed class Network(PeerId[] peers, int seed)
    {
        private readonly Random _random = new(seed);

        public HashSet<PeerId> Dead { get; init; } = [];

        public HashSet<PeerId> Liars { get; init; } = [];

        public bool KnowBucketsOnly { get; init; }

        private Dictionary<PeerId, KadKey> Points { get; } = peers.ToDictionary(peer => peer, KadKey.Of);

        // The twenty nearest of those that a peer's table holds: twenty of each bucket.
        public IReadOnlyList<PeerId> BucketsOf(PeerId peer, KadKey target)
        {
            var own = KadKey.Of(peer);
            var random = new Random(BitConverter.ToInt32(peer.Bytes.Span[2..]));
            return [.. peers.Where(other => other != peer)
                .GroupBy(other => own.CommonPrefix(Points[other]))
                .SelectMany(bucket => bucket.OrderBy(_ => random.Next()).Take(20))
                .OrderBy(other => Points[other], Comparer<KadKey>.Create(target.CompareDistance))
                .Take(20)];
        }

        public void Run(ClosestPeersLookup lookup)
        {
            var now = Start;
            var inFlight = new List<PeerId>();
            for (var steps = 0; steps < 100_000; steps++)
            {
                var step = lookup.Next(now);
                switch (step.Kind)
                {
                    case LookupStepKind.Finished:
                        return;
                    case LookupStepKind.Ask:
                        inFlight.Add(step.Peer!);
                        break;
                    case LookupStepKind.Wait when inFlight.FindAll(peer => !Dead.Contains(peer)) is { Count: > 0 } alive:
                        var peer = alive[_random.Next(alive.Count)];
                        inFlight.Remove(peer);
                        if (Liars.Contains(peer))
                        {
                            Assert.True(lookup.OnAnswer(peer, Nearest(Liars, lookup.Target, 20)));
                            break;
                        }

                        if (KnowBucketsOnly)
                        {
                            Assert.True(lookup.OnAnswer(peer, BucketsOf(peer, lookup.Target)));
                            break;
                        }

                        // Each knows a part of the others, dead ones among them.
                        Assert.True(lookup.OnAnswer(peer, Nearest(peers.Where(_ => Dead.Count == 0 || _random.Next(10) < 6).ToArray(), lookup.Target, 20)));
                        break;
                    case LookupStepKind.Wait when inFlight.Count > 0 && _random.Next(2) == 0:
                        // A refused dial.
                        lookup.OnFailure(inFlight[0]);
                        inFlight.RemoveAt(0);
                        break;
                    default:
                        now = step.Until;
                        break;
                }
            }

            Assert.Fail("the lookup never ended");
        }
    }
}
