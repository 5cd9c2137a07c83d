using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Codecs;
using Skein.Swarm.Coordination;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Coordination;

/// <summary>Whatever a node sends, a reply ends with an error that says so, and the coordinator carries on.</summary>
public sealed class HostileNodeTests : IAsyncDisposable
{
    private const int Width = FakeModel.Width;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private readonly InMemoryRingNetwork _network = new();
    private readonly EvilNode _evil;
    private readonly InMemoryRingTransport _transport;
    private readonly Coordinator _coordinator;

    public HostileNodeTests()
    {
        _evil = new EvilNode(_network);
        _transport = _network.Join("coordinator");
        var options = new CoordinatorOptions
        {
            StallFloor = TimeSpan.FromMilliseconds(400),
            StallCeiling = TimeSpan.FromSeconds(1.5),
            CloseBound = TimeSpan.FromMilliseconds(200),
            OpenBound = TimeSpan.FromSeconds(1),
            ChainWait = TimeSpan.FromMilliseconds(500),
            AdmissionWait = TimeSpan.FromSeconds(1),
        };
        _coordinator = new Coordinator(options, new FakeModel().Edges, new StaticChainSource([_evil.Address]), _transport);
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync().AsTask().WaitAsync(Bound);
        await _evil.DisposeAsync().AsTask().WaitAsync(Bound);
        await _transport.DisposeAsync();
    }

    public static TheoryData<string, SwarmError> BadResults => new()
    {
        { "step nobody asked for", SwarmError.BadFrame },
        { "more rows", SwarmError.BadFrame },
        { "other width", SwarmError.BadFrame },
        { "other format", SwarmError.BadFrame },
        { "wrong position", SwarmError.OutOfOrder },
        { "not a number", SwarmError.NotFinite },
        { "wrong checksum", SwarmError.PeerLost },
        { "garbage", SwarmError.PeerLost },
        { "stream error", SwarmError.PeerLost },
        { "closes the link", SwarmError.PeerLost },
        { "nothing", SwarmError.NoProgress },
        { "other session", SwarmError.NoProgress },
        { "other hop", SwarmError.NoProgress },
        { "an error with a made-up origin", SwarmError.ComputeFailed },
    };

    [Theory]
    [MemberData(nameof(BadResults))]
    public async Task Result_ThatIsWrong_EndsTheReplyWithAnError(string what, SwarmError expected)
    {
        _evil.OnFrame = async (back, header) =>
        {
            var result = header with { Hop = header.Hop + 1, Rows = 1, Position = header.Position + header.Rows - 1 };
            var values = new float[Width];
            var bytes = what switch
            {
                "step nobody asked for" => RawPeer.Bytes(result with { Step = 9 }, values),
                "more rows" => RawPeer.Bytes(result with { Rows = 2 }, new float[2 * Width]),
                "other width" => RawPeer.Bytes(result with { Width = 4 }, new float[4]),
                "other format" => RawPeer.Bytes(result with { Format = RowFormat.Float16 }, new float[Width / 2]),
                "wrong position" => RawPeer.Bytes(result with { Position = 77 }, values),
                "not a number" => RawPeer.Bytes(result, [.. values[1..], float.NaN]),
                "other session" => RawPeer.Bytes(result with { Session = SessionId.Create() }, values),
                "other hop" => RawPeer.Bytes(result with { Hop = 0 }, values),
                _ => RawPeer.Bytes(result, values),
            };
            switch (what)
            {
                case "nothing":
                    return;
                case "wrong checksum":
                    bytes[^1] ^= 0x40;
                    break;
                case "garbage":
                    Random.Shared.NextBytes(bytes);
                    break;
                case "stream error":
                    await back.SendAsync(new ErrorMessage(null, 0, SwarmError.Internal, "enough"));
                    return;
                case "closes the link":
                    await back.DisposeAsync();
                    return;
                case "an error with a made-up origin":
                    await back.SendAsync(new ErrorMessage(header.Session, 0, SwarmError.ComputeFailed, "no", null, Origin: 200));
                    return;
            }

            await _evil.WriteAsync(back, bytes);
        };

        var failure = await Assert.ThrowsAsync<SwarmException>(() => GenerateAsync().WaitAsync(Bound));

        Assert.True(expected == failure.Error, $"{failure.Error}: {failure.Message}");
        Assert.Contains("evil", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, _coordinator.SessionCount);
    }

    [Fact]
    public async Task Progress_Forever_DoesNotKeepAReplyWaitingForever()
    {
        _evil.OnMessage = async (connection, message) =>
        {
            if (message is OpenMessage open)
            {
                await connection.SendAsync(new OpenedMessage(open.Session, open.Hop, open.KvTokens, "evil", true, 256, 16));
                _ = Task.Run(async () =>
                {
                    try
                    {
                        while (true)
                        {
                            await connection.SendAsync(new ProgressMessage(open.Session, 0, 0));
                            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
                        }
                    }
                    catch (SwarmException)
                    {
                        // Closed.
                    }
                });
            }
        };

        Assert.Equal(SwarmError.NoProgress, (await Assert.ThrowsAsync<SwarmException>(() => GenerateAsync().WaitAsync(Bound))).Error);
    }

    public static TheoryData<string, SwarmError> BadAnswers => new()
    {
        { "never", SwarmError.NoProgress },
        { "grants less", SwarmError.KvBudgetExhausted },
        { "refuses", SwarmError.TooManySessions },
        { "refuses for ever", SwarmError.UnknownModel },
        { "closes", SwarmError.PeerLost },
        { "garbage", SwarmError.PeerLost },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task Open_AnsweredWrongly_EndsTheRequestWithAnError(string what, SwarmError expected)
    {
        _evil.OnMessage = async (connection, message) =>
        {
            if (message is not OpenMessage open)
            {
                return;
            }

            switch (what)
            {
                case "grants less":
                    await connection.SendAsync(new OpenedMessage(open.Session, 0, 1, "evil", true, 256, 16));
                    break;
                case "refuses":
                    await connection.SendAsync(new RefusedMessage(open.Session, 0, SwarmError.TooManySessions, "full\u001b[2J", TimeSpan.FromHours(1)));
                    break;
                case "refuses for ever":
                    await connection.SendAsync(new RefusedMessage(open.Session, 0, SwarmError.UnknownModel, "never heard", null));
                    break;
                case "closes":
                    await connection.DisposeAsync();
                    break;
                case "garbage":
                    await _evil.WriteAsync(connection, new byte[100]);
                    break;
            }
        };

        var failure = await Assert.ThrowsAsync<SwarmException>(() => GenerateAsync().WaitAsync(Bound));

        Assert.True(failure.Error == expected || (expected == SwarmError.PeerLost && failure.Error == SwarmError.ChainIncomplete), $"{failure.Error}: {failure.Message}");
        Assert.DoesNotContain('\u001b', failure.Message);
        Assert.Equal(0, _coordinator.SessionCount);
    }

    [Fact]
    public async Task FirstMessage_ThatIsNoOffer_LeavesTheNodeOut()
    {
        await _coordinator.WaitUntilReadyAsync(Bound, TestContext.Current.CancellationToken);
        await using var strange = new EvilNode(_network, "strange") { First = new HeartbeatMessage(1, true) };
        await using var transport = _network.Join("other");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([strange.Address]), transport);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await coordinator.WaitUntilReadyAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));

        Assert.Contains("did not say first what it hosts", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Offers_OfAnotherWidth_AreNotUsed()
    {
        await using var narrow = new EvilNode(_network, "narrow")
        {
            First = new OffersMessage([new StageOffer(FakeModel.Digest, new StageInfo(new BlockSpan(0, FakeModel.BlockCount), 8, 256, 2048, 1000, "x", true), 1000)]),
        };
        await using var transport = _network.Join("other");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([narrow.Address]), transport);

        await Assert.ThrowsAsync<SwarmException>(async () => await coordinator.WaitUntilReadyAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));
        Assert.False(coordinator.Readiness.IsReady);
    }

    private async Task<int> GenerateAsync()
    {
        await _coordinator.WaitUntilReadyAsync(Bound, TestContext.Current.CancellationToken);
        var count = 0;
        await foreach (var token in _coordinator.GenerateAsync(new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxTokens = 10 }, null, TestContext.Current.CancellationToken))
        {
            count += token.Id >= 0 ? 1 : 0;
        }

        return count;
    }
}
