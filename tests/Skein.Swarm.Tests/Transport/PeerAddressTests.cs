using System.Net;
using Skein.Swarm.Coordination;
using Skein.Swarm.Stages;
using Skein.Core.Identity;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Transport;

public sealed class PeerAddressTests
{
    [Fact]
    public void Constructor_BeyondLimits_Throws()
    {
        Assert.Throws<ArgumentException>(() => new PeerAddress("", []));
        Assert.Throws<ArgumentException>(() => new PeerAddress(new string('x', 129), []));
        Assert.Throws<ArgumentException>(() => new PeerAddress("x", [new string('x', 257)]));
        Assert.Throws<ArgumentException>(() => new PeerAddress("x", [""]));
        Assert.Throws<ArgumentException>(() => new PeerAddress("x", [.. Enumerable.Repeat("a", 9)]));
    }

    [Fact]
    public void Equals_SameId_WhateverTheAddresses()
    {
        Assert.Equal(new PeerAddress("a", ["1"]), new PeerAddress("a", ["2"]));
        Assert.NotEqual(new PeerAddress("a", ["1"]), new PeerAddress("b", ["1"]));
    }

    [Fact]
    public void Tcp_EveryKindOfEndPoint_IsReadBack()
    {
        foreach (var text in new[] { "127.0.0.1:4501", "[::1]:4501", "node-b:4501" })
        {
            Assert.Equal(text, PeerAddress.ParseTcp(text).Id);
        }

        Assert.Equal("[::1]:5", PeerAddress.Tcp(new IPEndPoint(IPAddress.IPv6Loopback, 5)).Id);
        Assert.Throws<FormatException>(() => PeerAddress.ParseTcp("nonsense"));
    }

    [Fact]
    public void StaticChainSource_NoneOrTwice_Throws()
    {
        Assert.Throws<ArgumentException>(() => new StaticChainSource([]));
        Assert.Throws<ArgumentException>(() => new StaticChainSource([PeerAddress.ParseTcp("a:1"), PeerAddress.ParseTcp("a:1")]));
    }

    [Fact]
    public void EndedSessions_BeyondCapacity_ForgetsTheOldest()
    {
        var ended = new EndedSessions(2);
        var keys = Enumerable.Range(0, 3).Select(i => new SessionKey(new SessionId((UInt128)i), 0)).ToArray();
        ended.Add(keys[0]);
        ended.Add(keys[0]);
        ended.Add(keys[1]);
        ended.Add(keys[2]);

        Assert.False(ended.Contains(keys[0]));
        Assert.True(ended.Contains(keys[1]));
        Assert.True(ended.Contains(keys[2]));
    }
}
