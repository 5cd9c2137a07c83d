using System.Net;
using System.Net.Sockets;
using Skein.Lab.Links;
using Skein.Lab.Streams;
using Skein.Lab.Units;

namespace Skein.Lab.Tests.Streams;

/// <summary>The rootless variant on the real clock: two shaped ends of a loopback connection are a far line.</summary>
[Collection("Laboratory")]
public sealed class ShapedPairTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task RoundTripAndRate_AskedFor_AreMeasuredWithinTenPercent()
    {
        var settings = LinkSettings.Of(TimeSpan.FromMilliseconds(40), BitRate.Megabits(20));
        var (near, far) = await ConnectAsync(settings);
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

        var tenth = trips.Order().ElementAt(2);
        var bulk = new byte[3_000_000];
        var sent = time.GetTimestamp();
        var sending = near.WriteAsync(bulk).AsTask();
        await far.ReadExactlyAsync(bulk).AsTask().WaitAsync(Patience, time);
        var megabits = bulk.Length * 8 / 1e6 / (time.GetElapsedTime(sent) - settings.Delay).TotalSeconds;
        await sending;
        output.WriteLine($"asked 40 ms and 20 Mbit/s: tenth part {tenth:0.0} ms, median {trips.Order().ElementAt(10):0.0} ms, {megabits:0.0} Mbit/s");

        // Timers count whole milliseconds, twice on a round trip.
        Assert.InRange(tenth, 39, 44);
        Assert.InRange(megabits, 18, 22);
        await near.DisposeAsync();
        await far.DisposeAsync();
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
