using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Skein.Core.Identity;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Links;

public sealed class LinkPoolTests : IAsyncDisposable
{
    private readonly InMemoryRingNetwork _network = new();
    private readonly InMemoryRingTransport _mine;
    private readonly FakeTimeProvider _time = new();
    private readonly Host _host = new();
    private readonly List<IAsyncDisposable> _owned = [];

    public LinkPoolTests() => _mine = _network.Join("me");

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        await _mine.DisposeAsync();
    }

    [Fact]
    public async Task RentAsync_SamePeerAndClass_SharesALink()
    {
        var pool = Pool();
        var peer = Node("a");

        var leases = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => pool.RentAsync(peer.Address, i % 2 == 0 ? TrafficClass.Decode : TrafficClass.Bulk, CancellationToken.None).AsTask()));

        Assert.Equal(2, leases.Select(l => l.Link).Distinct().Count());
        Assert.Equal(2, pool.Count);
        Assert.Equal(10, leases[0].Link.Leases);
        leases[0].Dispose();
        leases[0].Dispose();
        Assert.Equal(9, leases[2].Link.Leases);
    }

    [Fact]
    public async Task RentAsync_SameNameOtherAddress_IsAnotherLink()
    {
        var pool = Pool();
        var peer = Node("a");
        var first = await pool.RentAsync(peer.Address, TrafficClass.Decode, CancellationToken.None);

        var second = await pool.RentAsync(new PeerAddress("a", ["memory:elsewhere"]), TrafficClass.Decode, CancellationToken.None);

        Assert.NotSame(first.Link, second.Link);
    }

    [Fact]
    public async Task RentAsync_PeerThatDied_DialsAnew()
    {
        var pool = Pool();
        var peer = Node("a");
        var first = await pool.RentAsync(peer.Address, TrafficClass.Decode, CancellationToken.None);
        await peer.KillAsync();
        await Eventually.TrueAsync(() => first.Link.Failure is not null, () => "the death was not noticed");
        Node("a");

        var second = await pool.RentAsync(peer.Address, TrafficClass.Decode, CancellationToken.None);

        Assert.Null(second.Link.Failure);
        await Eventually.TrueAsync(() => _host.Closed.Contains(first.Link), () => "the host was not told");
    }

    [Fact]
    public async Task RentAsync_Nobody_FailsAndIsForgotten()
    {
        var pool = Pool();

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await pool.RentAsync(InMemoryRingNetwork.AddressOf("nobody"), TrafficClass.Decode, CancellationToken.None));

        Assert.Equal(SwarmError.ConnectFailed, failure.Error);
        Assert.Equal(0, pool.Count);
    }

    [Fact]
    public async Task RentAsync_Full_UnusedLinksMakeRoomAndUsedOnesDoNot()
    {
        var pool = Pool(maxLinks: 2);
        var a = await pool.RentAsync(Node("a").Address, TrafficClass.Decode, CancellationToken.None);
        var b = await pool.RentAsync(Node("b").Address, TrafficClass.Decode, CancellationToken.None);
        var third = Node("c").Address;

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await pool.RentAsync(third, TrafficClass.Decode, CancellationToken.None));
        a.Dispose();
        var c = await pool.RentAsync(third, TrafficClass.Decode, CancellationToken.None);

        Assert.Equal(SwarmError.LimitReached, failure.Error);
        Assert.NotNull(a.Link.Failure);
        Assert.Null(b.Link.Failure);
        Assert.Null(c.Link.Failure);
    }

    [Fact]
    public async Task CloseIdle_UnusedForLong_ClosesThatLinkOnly()
    {
        var pool = Pool();
        var used = await pool.RentAsync(Node("a").Address, TrafficClass.Decode, CancellationToken.None);
        var unused = await pool.RentAsync(Node("b").Address, TrafficClass.Decode, CancellationToken.None);
        unused.Dispose();

        _time.Advance(TimeSpan.FromMinutes(4));
        pool.CloseIdle();
        Assert.Null(unused.Link.Failure);
        _time.Advance(TimeSpan.FromMinutes(2));
        pool.CloseIdle();

        Assert.NotNull(unused.Link.Failure);
        Assert.Null(used.Link.Failure);
        Assert.Equal(1, pool.Count);
    }

    [Fact]
    public async Task RentAsync_NodeThatIsFull_SaysWhy()
    {
        var pool = Pool();
        var peer = Node("a", new StageServiceOptions { MaxInboundLinks = 1 });
        await pool.RentAsync(peer.Address, TrafficClass.Decode, CancellationToken.None);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await pool.RentAsync(peer.Address, TrafficClass.Bulk, CancellationToken.None));

        Assert.Equal(SwarmError.LimitReached, failure.Error);
        Assert.Contains("serves 1 links", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RentAsync_AfterDispose_SaysSo()
    {
        var pool = Pool();
        var lease = await pool.RentAsync(Node("a").Address, TrafficClass.Decode, CancellationToken.None);
        await pool.DisposeAsync();

        Assert.Equal(SwarmError.ShuttingDown, lease.Link.Failure?.Error);
        Assert.Equal(SwarmError.ShuttingDown, (await Assert.ThrowsAsync<SwarmException>(async () => await pool.RentAsync(InMemoryRingNetwork.AddressOf("a"), TrafficClass.Decode, CancellationToken.None))).Error);
    }

    private LinkPool Pool(int maxLinks = 16)
    {
        var pool = new LinkPool(_mine, _host, new LinkTiming(), maxLinks, _time, NullLogger.Instance);
        _owned.Add(pool);
        return pool;
    }

    private TestNode Node(string name, StageServiceOptions? options = null)
    {
        var stage = new FakeStage(new BlockSpan(0, 1));
        var transport = _network.Join(name);
        var node = new TestNode(stage, transport, new StageService(options ?? new StageServiceOptions(), [new HostedStage(FakeModel.Digest, stage)], transport), transport.Address);
        _owned.Add(node);
        return node;
    }

    private sealed class Host : ILinkHost
    {
        public System.Collections.Concurrent.ConcurrentBag<FrameLink> Closed { get; } = [];

        public IFrameTarget? Admit(FrameLink link, in FrameHeader header, out ErrorMessage? complaint)
        {
            complaint = null;
            return null;
        }

        public void OnError(FrameLink link, ErrorMessage error)
        {
        }

        public void OnClosed(FrameLink link, SwarmException reason) => Closed.Add(link);
    }
}
