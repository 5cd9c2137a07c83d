using System.Net;
using CsCheck;
using Skein.P2P.Relay;
using Skein.P2P.Tests.Kademlia;

namespace Skein.P2P.Tests.Relay;

public sealed class CircuitPlacesTests
{
    private static readonly IPAddress[] Ips = [IPAddress.Parse("8.8.8.1"), IPAddress.Parse("8.8.8.2"), IPAddress.Parse("9.9.9.1"), IPAddress.Loopback];

    [Fact]
    public void OneCaller_CannotTakeAllPlacesOfTheCalled()
    {
        var places = New(new RelayServerOptions());
        for (var i = 0; i < 4; i++)
        {
            Assert.True(Take(places, 1, null, 0));
        }

        Assert.False(Take(places, 1, null, 0));
        Assert.True(Take(places, 1, null, 2), "another is called");
        Assert.True(Take(places, 2, null, 0), "another calls");
    }

    [Fact]
    public void OneNeighbourhood_CannotTakeAllPlacesOfTheCalled()
    {
        var places = New(new RelayServerOptions());
        for (var i = 0; i < 8; i++)
        {
            Assert.True(Take(places, 1 + i, IPAddress.Parse($"8.8.8.{i}"), 0));
        }

        Assert.False(Take(places, 20, IPAddress.Parse("8.8.8.200"), 0));
        Assert.True(Take(places, 21, IPAddress.Parse("8.8.9.1"), 0), "from another neighbourhood");
        Assert.True(Take(places, 20, IPAddress.Parse("8.8.8.200"), 22), "to another peer");
    }

    [Fact]
    public void OneNeighbourhood_CannotTakeTheRelay()
    {
        var places = New(new RelayServerOptions { MaxCircuitsPerGroup = 3 });
        for (var i = 0; i < 3; i++)
        {
            Assert.True(Take(places, 1 + i, IPAddress.Parse($"8.8.8.{i}"), 10 + i));
        }

        Assert.False(Take(places, 5, IPAddress.Parse("8.8.8.5"), 15));
        Assert.True(Take(places, 6, IPAddress.Parse("9.9.9.1"), 15));
    }

    [Fact]
    public void CalledAsMuchAsMayBe_CanStillCall()
    {
        var places = New(new RelayServerOptions { MaxCircuitsPerPeer = 2 });
        Assert.True(Take(places, 1, null, 0));
        Assert.True(Take(places, 2, null, 0));
        Assert.False(Take(places, 3, null, 0));
        Assert.True(Take(places, 0, null, 3));
        Assert.True(Take(places, 0, null, 4));
        Assert.False(Take(places, 0, null, 5));
    }

    [Fact]
    public void Shares_OfAPeer_AreOneWhileItHasACircuit()
    {
        var places = New(new RelayServerOptions());
        Assert.True(places.TryTake(TestPeers.Id(1), null, TestPeers.Id(2), out var first, out var other));
        Assert.True(places.TryTake(TestPeers.Id(2), null, TestPeers.Id(1), out var back, out var again));
        Assert.Same(first, again);
        Assert.Same(other, back);
        places.GiveBack(TestPeers.Id(1), null, TestPeers.Id(2));
        Assert.True(places.TryTake(TestPeers.Id(1), null, TestPeers.Id(3), out var later, out _));
        Assert.Same(first, later);
    }

    [Fact]
    public void Places_WhateverHappens_HoldTheirLimitsAndComeBack()
        => Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Bool).Array[0, 100].Sample(
            steps =>
            {
                var places = New(new RelayServerOptions { MaxCircuits = 6, MaxCircuitsPerPeer = 3, MaxCircuitsPerPair = 2, MaxCircuitsPerGroup = 4, MaxCircuitsPerGroupAndCalled = 2 });
                var taken = new List<(int Caller, int Ip, int Called)>();
                foreach (var (caller, ip, called, giveBack) in steps)
                {
                    if (giveBack && taken.Count > 0)
                    {
                        var last = taken[^1];
                        taken.RemoveAt(taken.Count - 1);
                        places.GiveBack(TestPeers.Id(last.Caller), Ips[last.Ip], TestPeers.Id(last.Called));
                    }
                    else if (Take(places, caller, Ips[ip], called))
                    {
                        taken.Add((caller, ip, called));
                    }

                    Assert.InRange(taken.Count, 0, 6);
                    Assert.All(taken.GroupBy(circuit => circuit.Caller), group => Assert.InRange(group.Count(), 1, 3));
                    Assert.All(taken.GroupBy(circuit => circuit.Called), group => Assert.InRange(group.Count(), 1, 3));
                    Assert.All(taken.GroupBy(circuit => (circuit.Caller, circuit.Called)), group => Assert.InRange(group.Count(), 1, 2));
                    var neighbours = taken.Where(circuit => circuit.Ip < 2).ToList();
                    Assert.InRange(neighbours.Count, 0, 4);
                    Assert.All(neighbours.GroupBy(circuit => circuit.Called), group => Assert.InRange(group.Count(), 1, 2));
                }

                taken.ForEach(circuit => places.GiveBack(TestPeers.Id(circuit.Caller), Ips[circuit.Ip], TestPeers.Id(circuit.Called)));
                for (var i = 0; i < 6; i++)
                {
                    Assert.True(Take(places, 10 + i, null, 20 + i), $"no room for circuit {i} after {steps.Length} steps");
                }

                Assert.False(Take(places, 30, null, 31));
            },
            iter: 300);

    private static CircuitPlaces New(RelayServerOptions options) => new(options, TimeProvider.System);

    private static bool Take(CircuitPlaces places, int caller, IPAddress? ip, int called) => places.TryTake(TestPeers.Id(caller), ip, TestPeers.Id(called), out _, out _);
}
