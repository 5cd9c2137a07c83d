using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Records;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Identify;

/// <summary>News of a peer that has much of it.</summary>
public sealed class IdentifyPushTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Pushes_OverTheBurst_AreTakenLaterAndNotLost()
    {
        var time = new FakeTimeProvider();
        var network = new MemoryNetwork(time);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", time);
        await using var talker = await HostFixture.StartMemoryAsync(network, "talker", time);
        var heard = 0;
        hub.PeerIdentified += (_, _) => Interlocked.Increment(ref heard);
        var connection = await talker.ConnectAsync(HostFixture.AddressOf(hub), None);
        await Waiting.Until(() => Volatile.Read(ref heard) == 1, "the first word");
        for (var i = 1; i <= PushRate.Burst; i++)
        {
            await PushAsync(connection, i);
            var expected = i + 1;
            await Waiting.Until(() => Volatile.Read(ref heard) == expected, $"news {i}");
        }

        await PushAsync(connection, PushRate.Burst + 1);
        await PushAsync(connection, PushRate.Burst + 2);
        for (var passed = 0; passed < 120 && Volatile.Read(ref heard) < PushRate.Burst + 3; passed++)
        {
            // What was sent has arrived, and no ping runs out of virtual time.
            await connection.Muxer.PingAsync(None).Within("a ping");
            time.Advance(TimeSpan.FromSeconds(1));
        }

        await Waiting.Until(() => Volatile.Read(ref heard) == PushRate.Burst + 3, "the last news");
        Assert.True(time.GetUtcNow() - time.Start >= 2 * PushRate.Interval);
        Assert.Equal($"v{PushRate.Burst + 2}", hub.Peers.Find(talker.Id)!.AgentVersion);
    }

    [Fact]
    public async Task Changes_WhileThePeerIsHearingOfOne_FollowAsOneNews()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System);
        await using var guest = await HostFixture.StartMemoryAsync(network, "guest", TimeProvider.System);
        var news = new ConcurrentQueue<IdentifyMessage>();
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        guest.Unhandle(IdentifyProtocol.PushId);
        guest.Handle(IdentifyProtocol.PushId, StreamClass.Control, async (stream, token) =>
        {
            news.Enqueue(await IdentifyProtocol.ReadAsync(stream, token));
            await heard.Task.WaitAsync(token);
        });
        var connection = await guest.ConnectAsync(HostFixture.AddressOf(hub), None);
        await Waiting.Until(() => hub.Peers.Find(guest.Id)?.Protocols is not null, "the guest's word");

        Serve("/one");
        await Waiting.Until(() => !news.IsEmpty, "the first news");
        Serve("/two");
        Serve("/three");
        for (var i = 0; i < 3; i++)
        {
            // Whatever the hub sent before has arrived.
            await connection.Muxer.PingAsync(None).Within("a ping");
            await HostFixture.EchoAsync(hub, guest.Id, [1]);
        }

        Assert.Single(news);
        heard.SetResult();
        await Waiting.Until(() => news.Count > 1, "the second news");
        Serve("/four");
        await Waiting.Until(() => news.Count > 2, "the third news");
        Assert.Equal([1, 3, 4], news.Select(message => message.Protocols!.Count(protocol => protocol is "/one" or "/two" or "/three" or "/four")));

        void Serve(string protocol) => hub.Handle(protocol, StreamClass.Control, (_, _) => Task.CompletedTask);
    }

    [Fact]
    public async Task Answer_OfAHostWithManyLongAddresses_IsInMessagesThatEverybodyReads()
    {
        var network = new MemoryNetwork(TimeProvider.System);
        await using var hub = await HostFixture.StartMemoryAsync(network, "hub", TimeProvider.System);
        await using var guest = await HostFixture.StartMemoryAsync(network, "guest", TimeProvider.System);
        hub.Announce([Multiaddr.Parse($"/dns4/{new string('z', 63)}/tcp/1{string.Concat(Enumerable.Repeat("/http-path/" + new string('z', 240), 3))}"),
            .. Enumerable.Range(0, 40).Select(i => Multiaddr.Parse($"/dns4/{i}.{string.Join('.', Enumerable.Repeat(new string('z', 40), 5))}/tcp/4001"))]);
        var connection = await guest.ConnectAsync(HostFixture.AddressOf(hub), None);
        await using var stream = await connection.NewStreamAsync(IdentifyProtocol.Id, StreamClass.Control, None);
        await stream.CloseWriteAsync(None);

        var messages = new List<IdentifyMessage>();
        while (await DelimitedMessages.ReadAsync(stream, IdentifyMessage.MaxSent, None).Within("a message") is { } encoded)
        {
            Assert.True(IdentifyMessage.TryRead(encoded, out var message));
            messages.Add(message);
        }

        // The first stands alone: js-libp2p and rust-libp2p read no other.
        Assert.InRange(messages[0].ListenAddresses!.Count, 5, IdentifyMessage.MaxAddresses);
        Assert.Equal(hub.Addresses[0], messages[0].ListenAddresses![0]);
        Assert.Equal(hub.Protocols, messages[0].Protocols!);
        Assert.True(PeerRecord.TryOpen(messages[^1].SignedPeerRecord!.Value.Span, out var record));
        Assert.InRange(record.Addresses.Count, 5, IdentifyMessage.MaxAddresses);
    }

    [Fact]
    public void Take_ManyPeers_RemembersSoMany()
    {
        var time = new FakeTimeProvider();
        var rate = new PushRate(time);
        var bytes = new byte[32];
        for (var i = 0; i < PushRate.MaxPeers; i++)
        {
            Assert.Equal(TimeSpan.Zero, rate.Take(PeerOf(i)));
        }

        Assert.Null(rate.Take(PeerOf(PushRate.MaxPeers)));
        time.Advance(PushRate.Interval);
        Assert.Equal(TimeSpan.Zero, rate.Take(PeerOf(PushRate.MaxPeers)));

        PeerId PeerOf(int i)
        {
            BitConverter.TryWriteBytes(bytes, i);
            return PeerId.FromEncodedKey([0x08, 0x01, 0x12, 0x20, .. bytes]);
        }
    }

    private static async Task PushAsync(P2PConnection connection, int i)
    {
        await using var stream = await connection.NewStreamAsync(IdentifyProtocol.PushId, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new IdentifyMessage { AgentVersion = $"v{i}" }.Write(), None);
        await stream.CloseWriteAsync(None);
    }
}
