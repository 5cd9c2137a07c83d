using System.Net;
using System.Net.Sockets;
using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests;

/// <summary>Tests that measure the whole process, so they run alone.</summary>
[Collection(Alone)]
public sealed class MeasuredTests
{
    public const string Alone = "Alone";

    [Fact]
    public async Task DecodeStep_OverThreeStages_AllocatesLittle()
    {
        await using var ring = await TestRing.StartAsync(tcp: true, 3);
        await ring.GenerateAsync([1, 2, 3], 200);

        var report = new GenerationReport();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await ring.GenerateAsync([1, 2, 3], 1001, report);
        var perStep = (GC.GetTotalAllocatedBytes(precise: true) - before) / 1000;

        // The fake stages, embedding, head and sampler are in it; what a frame costs on the wire is pooled.
        TestContext.Current.TestOutputHelper?.WriteLine($"{perStep} bytes and {report.DecodeTime.TotalMicroseconds / 1000:0} us a step over three stages");
        Assert.InRange(perStep, 0, 8 * 1024);
    }

    [Fact]
    public async Task TwoThousandIdleConnections_LeaveRoomForARealPeerAndLittleMemory()
    {
        var stage = new FakeStage(new BlockSpan(0, 30));
        await using var transport = new TcpRingTransport(new TcpRingTransportOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), HandshakeBound = TimeSpan.FromMinutes(5) });
        await using var service = new StageService(new StageServiceOptions(), [new HostedStage(FakeModel.Digest, stage)], transport);
        transport.Start();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(transport.LocalEndPoint!).WaitAsync(TimeSpan.FromSeconds(20));
            }

            await using var dialler = new TcpRingTransport(new TcpRingTransportOptions());
            await using var peer = await RawPeer.SessionAsync(dialler, PeerAddress.Tcp(transport.LocalEndPoint!));

            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 24L << 20);
            Assert.Equal(1, service.CoordinatorCount);
        }
        finally
        {
            idle.ForEach(static s => s.Dispose());
        }
    }

    [CollectionDefinition(Alone, DisableParallelization = true)]
    public sealed class AloneCollection;
}
