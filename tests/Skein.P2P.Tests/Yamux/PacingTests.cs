using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>Bulk of a session while decode messages are about.</summary>
public sealed class PacingTests
{
    [Fact]
    public async Task Bulk_BesideDecodeMessages_ArrivesWhole()
    {
        await using var pair = YamuxPair.Start();
        var (near, _) = await pair.OpenAsync(StreamClass.Decode);
        var (bulk, sink) = await pair.OpenAsync(StreamClass.Bulk);
        var sent = RandomNumberGenerator.GetBytes(4 * 1024 * 1024);
        await near.WriteAsync(new byte[100]).Within("a decode message");

        var writing = bulk.WriteAsync(sent).AsTask();
        var got = new byte[sent.Length];
        await sink.ReadExactlyAsync(got).Within("the bulk that is paced");

        await writing.Within("the end of the write");
        Assert.True(sent.AsSpan().SequenceEqual(got));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bulk_BesideDecodeMessages_WaitsForItsTime(bool ofTunnel)
    {
        // The clock stands, so nothing is earned beyond the first segments.
        var time = new FakeTimeProvider();
        await using var pair = YamuxPair.Start(time: time);
        await pair.SettleAsync();
        var (decode, _) = await pair.OpenAsync();
        var (bulk, sink) = await pair.OpenAsync(StreamClass.Bulk);
        decode.IsTunnel = ofTunnel;
        decode.Class = StreamClass.Decode;
        await decode.WriteAsync(new byte[100]).Within("a decode message");

        var writing = bulk.WriteAsync(new byte[128 * 1024]).AsTask();
        if (ofTunnel)
        {
            // The line of another connection is urgent only if that one's streams are.
            await writing.Within("the write that nothing holds back");
            return;
        }

        var buffer = new byte[128 * 1024];
        var got = await sink.ReadAsync(buffer).Within("the first bulk");
        await pair.SettleAsync();
        Assert.False(writing.IsCompleted);
        Assert.InRange(got, 1, 3 * BulkPacer.Segment);

        time.Advance(BulkPacer.LongestWait);
        Assert.True(await sink.ReadAsync(buffer).Within("the bulk that its time has come for") > 0);
    }

    [Fact]
    public void IsRecent_SomeSecondsAfterTheLastMessage_IsOver()
    {
        var time = new FakeTimeProvider();
        var activity = new DecodeActivity(time);
        Assert.False(activity.IsRecent(time.GetTimestamp()));

        activity.Touch(time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(activity.IsRecent(time.GetTimestamp()));

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(activity.IsRecent(time.GetTimestamp()));
    }
}
