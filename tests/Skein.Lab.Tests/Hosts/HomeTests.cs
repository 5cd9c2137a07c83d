using System.Net;
using Skein.Lab.Hosts;
using Skein.Lab.Links;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Hosts;

/// <summary>Each kind of home router maps, filters and punches as its name says.</summary>
[Collection("Laboratory")]
public sealed class HomeTests(HomeTests.Street street) : IClassFixture<HomeTests.Street>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    private static int _nextPort = 20_000;

    public static TheoryData<NatKind, bool, string> Kinds => new()
    {
        { NatKind.EndpointIndependent, true, "connected" },
        { NatKind.PortRestricted, true, "TimedOut" },
        { NatKind.RandomPort, false, "TimedOut" },
        { NatKind.Resetting, true, "ConnectionRefused" },
    };

    public static TheoryData<NatKind, NatKind, bool> Pairs => new()
    {
        { NatKind.EndpointIndependent, NatKind.EndpointIndependent, true },
        { NatKind.PortRestricted, NatKind.PortRestricted, true },
        { NatKind.EndpointIndependent, NatKind.PortRestricted, true },
        { NatKind.RandomPort, NatKind.RandomPort, false },
        { NatKind.PortRestricted, NatKind.RandomPort, false },
        { NatKind.Resetting, NatKind.Resetting, false },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Mapping_SeenFromTwoPlaces_IsWhatTheKindSays(NatKind kind, bool keepsPort, string unsolicited)
    {
        var test = street.Test;
        var home = Street.Home(kind, 1);
        var port = Interlocked.Increment(ref _nextPort);
        await test.On(home).ServeAsync(port, TestLab.Cancelled);

        var seen = await test.On(home).ObserveAsync(port, test.At("anchor"), TestLab.Cancelled);
        var elsewhere = await test.On(home).ObserveAsync(port, test.At("other"), TestLab.Cancelled);

        Assert.Equal(test.Lab.Host(home).PublicAddress, seen.Address);
        Assert.Equal(keepsPort, seen.Port == port);
        Assert.Equal(keepsPort, elsewhere.Equals(seen));

        // A stranger calls the mapped address, where the host listens.
        var outcome = await test.On("stranger").DialAsync(0, seen, Patience, TestLab.Cancelled);
        Assert.Equal(unsolicited, outcome);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task SimultaneousOpen_BetweenHomes_WorksWhereThePortIsKnown(NatKind one, NatKind other, bool works)
    {
        // Where it can work, a machine too busy to start both calls within 50 ms of each other gets as many tries as a node takes: three.
        var outcomes = await PunchAsync(Street.Home(one, 1), Street.Home(other, 2));
        for (var tries = 1; works && tries < 3 && outcomes.Any(outcome => outcome != "connected"); tries++)
        {
            outcomes = await PunchAsync(Street.Home(one, 1), Street.Home(other, 2));
        }

        if (works)
        {
            Assert.Equal(["connected", "connected"], outcomes);
        }
        else
        {
            Assert.DoesNotContain("connected", outcomes);
        }
    }

    [Fact]
    public async Task Homes_SamePrivateAddress_DoNotReachEachOtherByIt()
    {
        var test = street.Test;
        var home = test.Lab.Host(Street.Home(NatKind.PortRestricted, 1));
        var other = test.Lab.Host(Street.Home(NatKind.PortRestricted, 2));

        Assert.Equal(home.OwnAddress, other.OwnAddress);
        Assert.NotEqual(home.PublicAddress, other.PublicAddress);

        // The address is the caller's own: nothing of the other home is behind it.
        var port = Interlocked.Increment(ref _nextPort);
        await test.On(other.Name).ServeAsync(port, TestLab.Cancelled);
        Assert.Equal("ConnectionRefused", await test.On(home.Name).DialAsync(0, new IPEndPoint(other.OwnAddress, port), Patience, TestLab.Cancelled));
    }

    /// <summary>Both learn how they look from outside, then call each other at once, as two nodes do that a relay has introduced.</summary>
    private async Task<string[]> PunchAsync(string left, string right)
    {
        var test = street.Test;
        var (leftPort, rightPort) = (Interlocked.Increment(ref _nextPort), Interlocked.Increment(ref _nextPort));
        var leftSeen = await test.On(left).ObserveAsync(leftPort, test.At("anchor"), TestLab.Cancelled);
        var rightSeen = await test.On(right).ObserveAsync(rightPort, test.At("anchor"), TestLab.Cancelled);
        return await Task.WhenAll(
            test.On(left).DialAsync(leftPort, rightSeen, Patience, TestLab.Cancelled),
            test.On(right).DialAsync(rightPort, leftSeen, Patience, TestLab.Cancelled));
    }

    /// <summary>Two homes of each kind and three public hosts, 100 ms from each other: two calls cross even when a busy machine starts one of them 40 ms late.</summary>
    public sealed class Street : IAsyncLifetime
    {
        private static readonly NatKind[] HomeKinds = [NatKind.EndpointIndependent, NatKind.PortRestricted, NatKind.RandomPort, NatKind.Resetting];

        private TestLab? _test;

        internal TestLab Test
        {
            get
            {
                TestLab.Require();
                return _test!;
            }
        }

        public static string Home(NatKind kind, int number) => $"home-{(int)kind}-{number}";

        public async ValueTask InitializeAsync()
        {
            if (LabRequirements.Missing().Count == 0)
            {
                _test = await TestLab.CreateAsync(new LabTopology
                {
                    Hosts =
                    [
                        .. new[] { "anchor", "other", "stranger" }.Select(name => new LabHostSettings { Name = name }),
                        .. from kind in HomeKinds
                           from number in new[] { 1, 2 }
                           select new LabHostSettings { Name = Home(kind, number), Nat = kind, Up = BitRate.Megabits(20), Down = BitRate.Megabits(100) },
                    ],
                    DefaultLink = LinkSettings.Of(TimeSpan.FromMilliseconds(100), BitRate.Unlimited),
                });
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_test is not null)
            {
                await _test.DisposeAsync();
            }
        }
    }
}
