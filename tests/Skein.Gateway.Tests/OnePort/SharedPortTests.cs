using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;
using Skein.Gateway.OnePort;
using Skein.Gateway.Tests.Fakes;
using Skein.P2P.Transports.Tcp;

namespace Skein.Gateway.Tests.OnePort;

/// <summary>What lies between the port and Kestrel.</summary>
public sealed class SharedPortTests
{
    private static readonly IPEndPoint Local = new(IPAddress.Loopback, 8080);
    private static readonly IPEndPoint Remote = new(IPAddress.Parse("192.0.2.7"), 5000);

    [Fact]
    public async Task Queue_Full_ClosesNewcomersAndKeepsTheRest()
    {
        var queue = new SharedPortQueue();
        var waiting = new List<ScriptedStream>();
        for (var i = 0; i < SharedPortQueue.Capacity; i++)
        {
            waiting.Add(new ScriptedStream());
            await queue.OfferAsync(Over(waiting[i]));
        }

        var late = new ScriptedStream();
        await queue.OfferAsync(Over(late));

        Assert.True(late.IsClosed);
        Assert.DoesNotContain(waiting, stream => stream.IsClosed);
        var first = await queue.TakeAsync(CancellationToken.None);
        Assert.Same(waiting[0], first!.Stream);
        await queue.CloseAsync();
        Assert.All(waiting.Skip(1), stream => Assert.True(stream.IsClosed));
        Assert.False(waiting[0].IsClosed);
        var tooLate = new ScriptedStream();
        await queue.OfferAsync(Over(tooLate));
        Assert.True(tooLate.IsClosed);
        Assert.Null(await queue.TakeAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Connection_Ends_AreThoseOfTheSocket()
    {
        var connection = Connect(new ScriptedStream(), TimeProvider.System);

        Assert.Equal(Local, connection.LocalEndPoint);
        Assert.Equal(Remote, connection.RemoteEndPoint);

        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Connection_OtherSideEnds_SaysSoAtOnceAndStillSends()
    {
        var stream = new ScriptedStream();
        stream.Arrive("hello"u8.ToArray());
        stream.ArriveEnd();
        var connection = Connect(stream, TimeProvider.System);
        var closed = new TaskCompletionSource();
        connection.ConnectionClosed.Register(closed.SetResult);

        await closed.Task.Within("the end");
        var read = await connection.Transport.Input.ReadAtLeastAsync(5);
        Assert.Equal("hello", Encoding.ASCII.GetString(read.Buffer.ToArray()));
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
        await connection.Transport.Output.WriteAsync("answer"u8.ToArray());
        await connection.DisposeAsync();

        Assert.Equal("answer", Encoding.ASCII.GetString(stream.Sent));
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Connection_ReadsAhead_ButNotWithoutBound()
    {
        var stream = new ScriptedStream { IsEndless = true };
        var connection = Connect(stream, TimeProvider.System);

        await Waiting.Until(() => stream.Given >= 64 * 1024 && stream.IsIdle, "the end of reading ahead");

        Assert.InRange(stream.Given, 64 * 1024, 128 * 1024);
        await connection.DisposeAsync().AsTask().Within("the end");
    }

    [Fact]
    public async Task Connection_OtherSideDoesNotRead_IsGivenUpInTime()
    {
        var time = new FakeTimeProvider();
        var stream = new ScriptedStream { TakesNothing = true };
        var connection = Connect(stream, time);
        await connection.Transport.Output.WriteAsync(new byte[1000]);

        var end = connection.DisposeAsync().AsTask();
        await Waiting.Until(() => stream.IsSending, "the write");
        Assert.False(end.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(11));

        await end.Within("the end of a connection that is not read");
        Assert.True(stream.IsClosed);
    }

    [Fact]
    public async Task Connection_Aborted_EndsBothWays()
    {
        var stream = new ScriptedStream { TakesNothing = true };
        var connection = Connect(stream, TimeProvider.System);
        await connection.Transport.Output.WriteAsync(new byte[1000]);

        connection.Abort(new ConnectionAbortedException("test"));

        await Assert.ThrowsAsync<ConnectionAbortedException>(async () =>
        {
            var read = await connection.Transport.Input.ReadAsync();
            Assert.Fail($"{read.Buffer.Length} bytes came.");
        }).Within("the end of reading");
        await Waiting.Until(() => connection.ConnectionClosed.IsCancellationRequested, "the end");
        await connection.DisposeAsync().AsTask().Within("the disposal");
    }

    [Fact]
    public async Task Connection_LostMidway_FailsReadsAndTakesWritesNoLonger()
    {
        var stream = new ScriptedStream { FailsToSend = true };
        var connection = Connect(stream, TimeProvider.System);

        await connection.Transport.Output.WriteAsync(new byte[1000]);

        await Assert.ThrowsAsync<ConnectionResetException>(async () => await connection.Transport.Input.ReadAsync()).Within("the end of reading");
        await Waiting.Until(() => connection.ConnectionClosed.IsCancellationRequested, "the end");
        Assert.True((await connection.Transport.Output.FlushAsync()).IsCompleted);
        await connection.DisposeAsync().AsTask().Within("the disposal");
    }

    private static ForeignConnection Over(Stream stream) => new(stream, Local, Remote, _ => Assert.Fail("Nothing was upgraded."));

    private static SharedPortConnection Connect(Stream stream, TimeProvider time) => new(Over(stream), MemoryPool<byte>.Shared, time);
}
