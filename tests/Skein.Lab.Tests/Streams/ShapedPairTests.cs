using System.Net;
using System.Net.Sockets;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Tests.Hosts;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Streams;

/// <summary>The rootless variant on the real clock: two shaped ends of a loopback connection are a far line.</summary>
[Collection("Laboratory")]
public sealed class ShapedPairTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public Task RoundTripAndRate_AskedFor_AreMeasuredWithinTenPercent() => ThreeTries.MeasureAsync(output, async () =>
    {
        var settings = LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Megabits(20));
        var (near, far) = await ConnectAsync(settings);
        await using (near)
        await using (far)
        {
            var trips = await MeasureTripsAsync(near, far);
            var megabits = await MeasureRateAsync(near, far, settings.Delay);
            output.WriteLine($"asked 40 ms and 20 Mbit/s: tenth part {trips[2]:0.0} ms, median {trips[10]:0.0} ms, {megabits:0.0} Mbit/s");

            // Timers count whole milliseconds, twice on a round trip.
            Assert.InRange(trips[2], 39, 44);
            Assert.InRange(megabits, 18, 22);
        }
    });

    private static async Task<double[]> MeasureTripsAsync(Stream near, Stream far)
    {
        var time = TimeProvider.System;
        List<double> trips = [];
        var message = new byte[200];
        for (var i = 0; i < 20; i++)
        {
            var began = time.GetTimestamp();
            await near.WriteAsync(message);
            await far.ReadExactlyAsync(message).AsTask().WaitAsync(Patience, time);
            await far.WriteAsync(message);
            await near.ReadExactlyAsync(message).AsTask().WaitAsync(Patience, time);
            trips.Add(time.GetElapsedTime(began).TotalMilliseconds);
        }

        return [.. trips.Order()];
    }

    private static async Task<double> MeasureRateAsync(Stream near, Stream far, TimeSpan delay)
    {
        var bulk = new byte[3_000_000];
        var began = TimeProvider.System.GetTimestamp();
        var sending = near.WriteAsync(bulk).AsTask();
        await far.ReadExactlyAsync(bulk).AsTask().WaitAsync(Patience, TimeProvider.System);
        var elapsed = TimeProvider.System.GetElapsedTime(began) - delay;
        await sending;
        return bulk.Length * 8 / 1e6 / elapsed.TotalSeconds;
    }

    private static async Task<(ShapedStream Near, ShapedStream Far)> ConnectAsync(LinkSettings settings)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await near.ConnectAsync(listener.LocalEndpoint);
        var far = await listener.AcceptSocketAsync();
        far.NoDelay = true;
        return (Shaped(near), Shaped(far));

        ShapedStream Shaped(Socket socket) => new(new NetworkStream(socket, ownsSocket: true), new LinkShaper(settings, TimeProvider.System));
    }
}
