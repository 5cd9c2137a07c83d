using System.Net;
using CsCheck;
using Skein.Core.Units;
using Skein.Lab.Links;
using Skein.Lab.Router;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Router;

public sealed class FabricTests
{
    private const long Millisecond = 1_000_000;

    private static readonly Gen<LinkSettings> AnyLink =
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 20], Gen.Int[0, 3], Gen.Int[0, 20], Gen.Bool).Select((delay, jitter, megabits, loss, small) => new LinkSettings
        {
            Delay = TimeSpan.FromMilliseconds(delay),
            Jitter = TimeSpan.FromMilliseconds(Math.Min(jitter, delay)),
            Rate = BitRate.Megabits(megabits),
            Loss = loss / 100.0,
            LossBurst = 2,
            Queue = small ? ByteSize.KiB(8) : null,
        });

    private static readonly Gen<(int From, int To, int Size, int Wait)> AnyPacket =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[40, 1_500], Gen.Int[0, 3_000]);

    private static readonly Gen<BitRate> AnyRate = Gen.Int[0, 30].Select(megabits => BitRate.Megabits(megabits));

    private static readonly Gen<(LinkSettings[] Links, (int From, int To, int Size, int Wait)[] Packets, BitRate Up, BitRate Down)> Traffic =
        Gen.Select(AnyLink.Array[9], AnyPacket.Array[0, 200], AnyRate, AnyRate);

    [Fact]
    public void Advance_DelayOnly_DeliversAfterTheDelayAndNotBefore()
    {
        var net = new Net(2, (_, _) => LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Unlimited));

        net.Send(0, 1, 1_500, 0);
        net.Fabric.Advance((20 * Millisecond) - 1);
        Assert.Empty(net.Delivered);
        Assert.Equal(20 * Millisecond, net.Fabric.NextDue);
        net.Fabric.Advance(20 * Millisecond);

        Assert.Equal([(1, 1_500)], net.Delivered);
        Assert.Equal(long.MaxValue, net.Fabric.NextDue);
    }

    [Fact]
    public void Receive_SharedUplink_HoldsAllTargetsToOneRate()
    {
        // 2,500 bytes are a millisecond at 20 Mbit/s. Buffers hold 2,048.
        var net = new Net(3, (_, _) => LinkSettings.Perfect, up: BitRate.Megabits(16));

        net.Send(0, 1, 2_000, 0);
        net.Send(0, 2, 2_000, 0);
        net.Send(1, 2, 2_000, 0);
        net.Fabric.Advance(Millisecond);
        Assert.Equal([(1, 2_000), (2, 2_000)], net.Delivered);
        net.Fabric.Advance(2 * Millisecond);

        Assert.Equal(3, net.Delivered.Count);
        Assert.Equal(1, net.Fabric.Link(0, 2).DeliveredPackets);
    }

    [Fact]
    public void Receive_SharedDownlink_HoldsAllSourcesToOneRate()
    {
        var net = new Net(3, (_, _) => LinkSettings.Perfect, down: BitRate.Megabits(16));

        net.Send(0, 2, 2_000, 0);
        net.Send(1, 2, 2_000, 0);

        Assert.Equal([1 * Millisecond, 2 * Millisecond], net.Times(3 * Millisecond));
    }

    [Fact]
    public void Receive_RatesOnTheWay_AddUpAsOnARealPath()
    {
        var net = new Net(
            2,
            (_, _) => new LinkSettings { Delay = TimeSpan.FromMilliseconds(10), Rate = BitRate.Megabits(8) },
            up: BitRate.Megabits(16),
            down: BitRate.Megabits(4));

        // 1 ms of uplink, 2 ms of link, 10 ms of wire, 4 ms of downlink; the second waits for the first where it is slowest.
        net.Send(0, 1, 2_000, 0);
        net.Send(0, 1, 2_000, 0);

        Assert.Equal([17 * Millisecond, 21 * Millisecond], net.Times(30 * Millisecond));
    }

    [Fact]
    public void Receive_FullQueue_DropsWhatDoesNotFit()
    {
        var net = new Net(2, (_, _) => new LinkSettings { Rate = BitRate.Megabits(1), Queue = new ByteSize(10_000) });

        for (var i = 0; i < 20; i++)
        {
            net.Send(0, 1, 1_000, 0);
        }

        net.Fabric.Advance(1_000 * Millisecond);
        Assert.Equal(10, net.Delivered.Count);
        Assert.Equal(10, net.Fabric.Link(0, 1).LostInQueue);
        Assert.Equal(0, net.Fabric.Pool.Rented);
    }

    [Fact]
    public void Cut_PacketsOnTheWire_AreLostAndLaterOnesToo()
    {
        var net = new Net(2, (_, _) => LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Unlimited));
        net.Send(0, 1, 100, 0);

        net.Fabric.SetCut(0, 1, cut: true, Millisecond);
        net.Fabric.Advance(30 * Millisecond);
        net.Send(0, 1, 100, 30 * Millisecond);
        net.Fabric.SetCut(0, 1, cut: false, 31 * Millisecond);
        net.Send(0, 1, 100, 31 * Millisecond);
        net.Fabric.Advance(60 * Millisecond);

        Assert.Single(net.Delivered);
        Assert.Equal(2, net.Fabric.Link(0, 1).LostByCut);
    }

    [Fact]
    public void SetLink_FasterLine_DrainsTheQueueAtTheNewRate()
    {
        var net = new Net(2, (_, _) => new LinkSettings { Rate = BitRate.Kilobits(8) });
        net.Send(0, 1, 2_000, 0);
        net.Send(0, 1, 2_000, 0);
        Assert.Equal(2_000 * Millisecond, net.Fabric.NextDue);

        net.Fabric.SetLink(0, 1, new LinkSettings { Rate = BitRate.Megabits(16) }, 5 * Millisecond);

        Assert.Equal([5 * Millisecond, 6 * Millisecond], net.Times(10 * Millisecond));
    }

    [Fact]
    public void Receive_WhatNobodyHas_IsCountedAndDropped()
    {
        var net = new Net(2, (_, _) => LinkSettings.Perfect);

        net.SendRaw(0, Net.Ipv4(new IPAddress([8, 8, 8, 8]), 100));
        net.SendRaw(0, [0x60, 0, 0, 0]);
        net.SendRaw(0, []);

        Assert.Equal(3, net.Fabric.Unroutable);
        Assert.Equal(0, net.Fabric.Pool.Rented);
    }

    [Fact]
    public void Receive_SteadyTraffic_AllocatesNothing()
    {
        var net = new Net(3, (_, _) => new LinkSettings { Delay = TimeSpan.FromMilliseconds(10), Jitter = TimeSpan.FromMilliseconds(3), Loss = 0.01 }, BitRate.Megabits(50), BitRate.Megabits(50));
        net.KeepNothing();
        var packet = Net.Ipv4(Net.Address(1), 1_500);
        Send(5_000, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Send(5_000, 5_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(net.Fabric.Link(0, 1).DeliveredPackets > 9_000);

        // One packet each 300 us is 40 Mbit/s; the caller wakes when the fabric asks for it.
        void Send(int count, int first)
        {
            for (var i = first; i < first + count; i++)
            {
                var now = i * 300_000L;
                while (net.Fabric.NextWake is var wake && wake <= now)
                {
                    net.Fabric.Advance(wake);
                }

                var buffer = net.Fabric.Pool.TryRent()!;
                packet.CopyTo(buffer, 0);
                net.Fabric.Receive(0, buffer, packet.Length, now);
            }
        }
    }

    [Fact]
    public void Loss_SameSeedSameTraffic_LosesTheSamePackets()
    {
        Assert.Equal(Lost(5), Lost(5));
        Assert.NotEqual(Lost(5), Lost(6));

        static IReadOnlyList<int> Lost(ulong seed)
        {
            var net = new Net(2, (_, _) => new LinkSettings { Loss = 0.1, LossBurst = 3 }, seed: seed);
            return [.. Enumerable.Range(100, 1_000).Where(size => !net.Send(0, 1, size, 0))];
        }
    }

    [Fact]
    public void AnyTraffic_WokenOnlyWhenAPacketMayComeOut_DeliversTheSameAtTheSameTimes()
    {
        Traffic.Sample((links, packets, up, down) =>
        {
            var (eager, lazy) = (new Net(3, (from, to) => links[(from * 3) + to], up, down), new Net(3, (from, to) => links[(from * 3) + to], up, down));
            Assert.Equal(Run(eager, packets, fabric => fabric.NextDue), Run(lazy, packets, fabric => fabric.NextWake));
        });

        static IReadOnlyList<(long, int, int)> Run(Net net, (int From, int To, int Size, int Wait)[] packets, Func<PacketFabric, long> next)
        {
            List<(long, int, int)> deliveries = [];
            var now = 0L;
            for (ushort i = 0; i <= packets.Length; i++)
            {
                var until = i == packets.Length ? long.MaxValue - 1 : now + (packets[i].Wait * 1_000L);
                while (next(net.Fabric) is var wake && wake <= until)
                {
                    var before = net.Arrivals.Count;
                    net.Fabric.Advance(wake);
                    deliveries.AddRange(net.Arrivals.Skip(before).Select(arrival => (wake, arrival.To, arrival.Number)));
                }

                if (i < packets.Length)
                {
                    now = until;
                    net.SendRaw(packets[i].From, Net.Ipv4(Net.Address(packets[i].To), packets[i].Size, i, (byte)packets[i].From), now);
                }
            }

            return deliveries;
        }
    }

    [Fact]
    public void AnyTraffic_AnyLinks_LosesNoPacketUncountedAndNeverReorders()
    {
        Traffic.Sample((links, packets, up, down) =>
        {
            var net = new Net(3, (from, to) => links[(from * 3) + to], up, down);
            var now = 0L;
            for (ushort i = 0; i < packets.Length; i++)
            {
                var (from, to, size, wait) = packets[i];
                now += wait * 1_000L;
                net.Fabric.Advance(now);
                net.SendRaw(from, Net.Ipv4(Net.Address(to), size, i, (byte)from), now);
            }

            net.Fabric.Advance(long.MaxValue - 1);
            var counted = 0L;
            for (var i = 0; i < 9; i++)
            {
                var state = net.Fabric.Link(i / 3, i % 3);
                counted += state.DeliveredPackets + state.LostByChance + state.LostByCut + state.LostInQueue;
            }

            return counted == packets.Length
                && net.Fabric.Pool.Rented == 0
                && net.Arrivals.GroupBy(arrival => (arrival.From, arrival.To)).All(flow => flow.Zip(flow.Skip(1)).All(pair => pair.First.Number < pair.Second.Number));
        });
    }

    /// <summary>A fabric, what came out of it, and how to put packets in.</summary>
    private sealed class Net : IPacketSink
    {
        private const int FromOffset = 15;

        private bool _keeps = true;

        public Net(int ports, Func<int, int, LinkSettings> link, BitRate up = default, BitRate down = default, ulong seed = 1)
        {
            Fabric = new PacketFabric([.. Enumerable.Range(0, ports).Select(i => new PortSettings([Address(i)], up, down, null))], link, this, seed);
        }

        public PacketFabric Fabric { get; }

        public List<(int Port, int Length)> Delivered { get; } = [];

        public List<(int From, int To, int Number)> Arrivals { get; } = [];

        public static IPAddress Address(int port) => new([203, 0, 113, (byte)(port + 1)]);

        public static byte[] Ipv4(IPAddress to, int length, ushort number = 0, byte from = 0)
        {
            var packet = new byte[length];
            packet[0] = 0x45;
            packet[4] = (byte)(number >> 8);
            packet[5] = (byte)number;
            packet[FromOffset] = from;
            to.GetAddressBytes().CopyTo(packet, 16);
            return packet;
        }

        /// <summary>What comes out is forgotten from now on.</summary>
        public void KeepNothing() => _keeps = false;

        public bool Send(int from, int to, int length, long now)
        {
            var before = Delivered.Count;
            SendRaw(from, Ipv4(Address(to), length), now);
            return Delivered.Count > before;
        }

        public void SendRaw(int from, byte[] packet, long now = 0)
        {
            var buffer = Fabric.Pool.TryRent();
            Assert.NotNull(buffer);
            packet.CopyTo(buffer, 0);
            Fabric.Receive(from, buffer, packet.Length, now);
        }

        /// <summary>Advances from event to event.</summary>
        public IReadOnlyList<long> Times(long until)
        {
            List<long> times = [];
            while (Fabric.NextDue is var due && due <= until)
            {
                var before = Delivered.Count;
                Fabric.Advance(due);
                times.AddRange(Enumerable.Repeat(due, Delivered.Count - before));
            }

            return times;
        }

        public void Deliver(int port, ReadOnlySpan<byte> packet)
        {
            if (!_keeps)
            {
                return;
            }

            Delivered.Add((port, packet.Length));
            Arrivals.Add((packet[FromOffset], port, (packet[4] << 8) | packet[5]));
        }
    }
}
