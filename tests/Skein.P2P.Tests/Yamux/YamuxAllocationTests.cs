using System.Net;
using System.Net.Sockets;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>A steady flow over a real socket allocates nothing.</summary>
[Collection(AloneCollection.Name)]
public sealed class YamuxAllocationTests
{
    [Fact]
    public async Task PingPong_8KiBOverTcp_AllocatesNothingInTheSteadyState()
    {
        await using var pair = await OverTcpAsync();
        var (near, far) = await pair.OpenAsync(StreamClass.Decode);
        var echo = Task.Run(async () =>
        {
            var buffer = new byte[8192];
            while (true)
            {
                for (var have = 0; have < buffer.Length;)
                {
                    var count = await far.ReadAsync(buffer.AsMemory(have));
                    if (count == 0)
                    {
                        return;
                    }

                    have += count;
                }

                await far.WriteAsync(buffer);
            }
        });

        const int Rounds = 2000;
        await RoundsAsync(near, 3000).Within("warming up");
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var started = TimeProvider.System.GetTimestamp();
        await RoundsAsync(near, Rounds).Within("the rounds");
        var perRound = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Rounds;
        var micros = TimeProvider.System.GetElapsedTime(started).TotalMicroseconds / Rounds;

        TestContext.Current.TestOutputHelper?.WriteLine($"{perRound:0.0} bytes and {micros:0.0} us a round trip of 8 KiB");
        Assert.True(perRound < 64, $"{perRound:0.0} bytes are allocated in each round trip");
        near.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => echo.Within("the echo's end"));
    }

    [Fact]
    public async Task Bulk_128MiBOverTcp_FlowsWithoutAllocating()
    {
        const int Total = 128 * 1024 * 1024;
        await using var pair = await OverTcpAsync();
        var (near, far) = await pair.OpenAsync(StreamClass.Bulk);
        await TransferAsync(near, far, Total / 4).Within("warming up");
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var started = TimeProvider.System.GetTimestamp();

        await TransferAsync(near, far, Total).Within("the transfer");

        var seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        var perMebibyte = (GC.GetTotalAllocatedBytes(precise: true) - before) / (Total / 1048576.0);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Total / 1048576.0 / seconds:0} MiB/s, {perMebibyte:0} bytes allocated for each MiB, both ends in this process");

        // Each side hops between threads now and then: about 1 KB was seen for each MiB moved. (A window that grows would fill the pool of segments meanwhile.)
        Assert.True(perMebibyte < 65_536, $"{perMebibyte:0} bytes are allocated for each MiB");
    }

    private static async Task<YamuxPair> OverTcpAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var dialled = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await dialled.ConnectAsync(listener.LocalEndPoint!);
        var accepted = await listener.AcceptAsync();
        accepted.NoDelay = true;
        return YamuxPair.Start(new YamuxOptions { MaxWindow = 1024 * 1024 }, channels: YamuxPair.Channels(new NetworkStream(dialled, true), new NetworkStream(accepted, true)));
    }

    private static async Task TransferAsync(YamuxStream from, YamuxStream to, int total)
    {
        var writing = Task.Run(async () =>
        {
            var block = new byte[65536];
            for (var sent = 0; sent < total; sent += block.Length)
            {
                await from.WriteAsync(block);
            }
        });
        var buffer = new byte[65536];
        for (var have = 0; have < total;)
        {
            have += await to.ReadAsync(buffer);
        }

        await writing;
    }

    private static async Task RoundsAsync(YamuxStream stream, int count)
    {
        var buffer = new byte[8192];
        for (var i = 0; i < count; i++)
        {
            await stream.WriteAsync(buffer);
            for (var have = 0; have < buffer.Length;)
            {
                have += await stream.ReadAsync(buffer.AsMemory(have));
            }
        }
    }
}
