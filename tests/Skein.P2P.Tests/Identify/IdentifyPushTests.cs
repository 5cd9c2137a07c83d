using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Connections;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
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
