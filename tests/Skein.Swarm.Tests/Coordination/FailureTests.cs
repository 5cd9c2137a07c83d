using Skein.Core.Generation;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Coordination;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;

namespace Skein.Swarm.Tests.Coordination;

public sealed class FailureTests
{
    private static readonly int[] Prompt = [1, 5, 9, 2, 60, 33];
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 0)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public async Task Node_KilledMidReply_EndsTheReplyWithAnErrorAndTheNextRequestWorksAfterRestart(bool tcp, int victim)
    {
        await using var ring = await TestRing.StartAsync(tcp, 3);
        var tokens = new List<int>();
        var failure = await Assert.ThrowsAsync<SwarmException>(() => ReadAsync(ring, 500, async token =>
        {
            tokens.Add(token);
            if (tokens.Count == 20)
            {
                await ring.Nodes[victim].KillAsync();
            }
        }).WaitAsync(Bound));

        Assert.True(failure.Error is SwarmError.PeerLost, $"{failure.Error}: {failure.Message}");
        Assert.True(failure.IsTransient);
        Assert.Contains(ring.Nodes[victim].Address.Id, failure.Message, StringComparison.Ordinal);
        Assert.Equal(ring.Reference(Prompt, 500)[..tokens.Count], tokens);
        Assert.InRange(tokens.Count, 20, 40);

        var address = ring.Nodes[victim].Address;
        var port = tcp ? int.Parse(address.Id.Split(':')[1]) : 0;
        ring.Nodes[victim] = ring.StartNode(address.Id, new FakeStage(ring.Nodes[victim].Stage.Info.Span), port);
        Assert.Equal(ring.Reference(Prompt, 30), await ring.GenerateAsync(Prompt, 30).WaitAsync(Bound));
        await ring.WaitUntilFreeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Node_KilledDuringPrefill_EndsTheReplyWithAnError(bool tcp)
    {
        var reached = new TaskCompletionSource();
        await using var ring = await TestRing.StartAsync(tcp, 3);
        ring.Nodes[1].Stage.BeforeStep = async (kind, first, token) =>
        {
            if (first >= 256)
            {
                reached.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
        };
        var prompt = Enumerable.Range(0, 1500).Select(i => i % 64).ToArray();

        var reply = ring.GenerateAsync(prompt, 10);
        await reached.Task.WaitAsync(Bound);
        await ring.Nodes[2].KillAsync();

        Assert.Equal(SwarmError.PeerLost, (await Assert.ThrowsAsync<SwarmException>(() => reply.WaitAsync(Bound))).Error);
    }

    [Fact]
    public async Task Stage_ThatHangs_EndsTheReplyAndIsNamed()
    {
        // A hung engine ignores cancellation, too.
        var never = new TaskCompletionSource();
        var options = new CoordinatorOptions { StallFloor = TimeSpan.FromMilliseconds(300), StallCeiling = TimeSpan.FromSeconds(1.5), CloseBound = TimeSpan.FromMilliseconds(200) };
        await using var ring = await TestRing.StartAsync(tcp: false, 3, options, FastProgress());
        ring.Nodes[1].Stage.BeforeStep = (_, first, _) => first == 20 ? never.Task : Task.CompletedTask;

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 100).WaitAsync(Bound));
        never.SetResult();

        Assert.Equal(SwarmError.NoProgress, failure.Error);
        Assert.Contains("node1 (blocks 10..19)", failure.Message, StringComparison.Ordinal);
        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task Stage_ThatIsSlow_IsNotDead()
    {
        var options = new CoordinatorOptions { StallFloor = TimeSpan.FromMilliseconds(400), StallFactor = 2 };
        await using var ring = await TestRing.StartAsync(tcp: false, 3, options, FastProgress());
        ring.Nodes[1].Stage.BeforeStep = (_, first, token) => first == 10 ? Task.Delay(TimeSpan.FromSeconds(2), token) : Task.CompletedTask;

        Assert.Equal(ring.Reference(Prompt, 10), await ring.GenerateAsync(Prompt, 10).WaitAsync(Bound));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Node_ThatFallsSilent_IsLostWithinSeconds(int victim)
    {
        var timing = new LinkTiming { Tick = TimeSpan.FromMilliseconds(50), ActiveHeartbeat = TimeSpan.FromMilliseconds(100), ActiveAnswer = TimeSpan.FromSeconds(1) };
        await using var ring = await TestRing.StartAsync(tcp: false, 3, new CoordinatorOptions { Timing = timing, CloseBound = TimeSpan.FromMilliseconds(200) }, new StageServiceOptions { Timing = timing });
        var tokens = 0;

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ReadAsync(ring, 1500, _ =>
        {
            if (++tokens == 20)
            {
                ((InMemoryRingTransport)ring.Nodes[victim].Transport).Freeze();
            }

            return Task.CompletedTask;
        }).WaitAsync(Bound));

        Assert.Equal(SwarmError.PeerLost, failure.Error);
        Assert.Contains(ring.Nodes[victim].Address.Id, failure.Message, StringComparison.Ordinal);
        // Nobody has a session any more, and yet the silent node is found out before the next request tries it.
        await Eventually.TrueAsync(() => !ring.Coordinator.Readiness.IsReady, () => "the silent node still counts as there", seconds: 8);
        ((InMemoryRingTransport)ring.Nodes[victim].Transport).Thaw();
        Assert.Equal(ring.Reference(Prompt, 30), await ring.GenerateAsync(Prompt, 30).WaitAsync(Bound));
        await ring.WaitUntilFreeAsync();
    }

    [Theory]
    [InlineData("fails", SwarmError.ComputeFailed)]
    [InlineData("throws", SwarmError.Internal)]
    [InlineData("gives NaN", SwarmError.NotFinite)]
    public async Task Stage_WhoseEngineFails_EndsTheReplyWithItsError(string how, SwarmError expected)
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 3);
        ring.Nodes[2].Stage.BeforeStep = (_, first, _) => first != 10 ? Task.CompletedTask : how switch
        {
            "fails" => throw new StageException(StageError.ComputeFailed, "The engine gave up."),
            "throws" => throw new InvalidOperationException("a secret of the node"),
            _ => Task.CompletedTask,
        };
        ring.Nodes[2].Stage.AfterStep = (first, rows) =>
        {
            if (how == "gives NaN" && first == 10)
            {
                rows.Span[3] = float.NaN;
            }
        };

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 100).WaitAsync(Bound));

        Assert.Equal(expected, failure.Error);
        Assert.Contains("node2", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.ToString().Split("--->")[0], StringComparison.Ordinal);
        await ring.WaitUntilFreeAsync();
        ring.Nodes[2].Stage.BeforeStep = null;
        ring.Nodes[2].Stage.AfterStep = null;
        Assert.Equal(ring.Reference(Prompt, 30), await ring.GenerateAsync(Prompt, 30).WaitAsync(Bound));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_Cancelled_FreesEveryStage(bool tcp)
    {
        await using var ring = await TestRing.StartAsync(tcp, 3);
        var reached = new TaskCompletionSource();
        ring.Nodes[1].Stage.BeforeStep = async (_, first, token) =>
        {
            if (first == 20)
            {
                reached.TrySetResult();
                await Task.Delay(Timeout.Infinite, token);
            }
        };
        using var cancel = new CancellationTokenSource();

        var reply = ring.GenerateAsync(Prompt, 100, cancellationToken: cancel.Token);
        await reached.Task.WaitAsync(Bound);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reply.WaitAsync(Bound));
        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task Reader_ThatStopsEarly_FreesEveryStage()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 3);
        var report = new GenerationReport();

        await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = Prompt, MaxTokens = 1000 }, report, TestContext.Current.CancellationToken))
        {
            if (report.GeneratedTokens == 0 && token.Id >= 0)
            {
                break;
            }
        }

        await ring.WaitUntilFreeAsync();
        Assert.Equal(1, report.GeneratedTokens);
        Assert.All(report.Stages, s => Assert.InRange(s.Rows, 6, 7));
    }

    [Fact]
    public async Task NoRoom_RequestWaitsUntilAnotherReplyEnds()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 3, makeStage: span => new FakeStage(span, budget: 150));
        var tokens = new List<Task<int[]>>();

        // Each needs 106 of 150 positions: they go one after another.
        for (var i = 0; i < 6; i++)
        {
            tokens.Add(ring.GenerateAsync(Prompt, 100));
        }

        foreach (var reply in tokens)
        {
            Assert.Equal(ring.Reference(Prompt, 100), await reply.WaitAsync(Bound));
        }

        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task NoRoom_ForLong_IsRefusedWithAHintToRetry()
    {
        var hold = new TaskCompletionSource();
        await using var ring = await TestRing.StartAsync(tcp: false, 2, new CoordinatorOptions { AdmissionWait = TimeSpan.FromMilliseconds(700) }, makeStage: span => new FakeStage(span, budget: 150));
        ring.Nodes[0].Stage.BeforeStep = (_, _, token) => hold.Task.WaitAsync(token);
        var holder = ring.GenerateAsync(Prompt, 100);
        await Eventually.TrueAsync(() => ring.Nodes[0].Stage.OpenSequences == 1, () => "the first reply did not begin");

        var waiting = Enumerable.Range(0, 3).Select(_ => Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 100).WaitAsync(Bound))).ToArray();

        foreach (var failure in await Task.WhenAll(waiting))
        {
            Assert.Equal(SwarmError.KvBudgetExhausted, failure.Error);
            Assert.NotNull(failure.RetryAfter);
            Assert.True(failure.IsTransient);
        }

        hold.SetResult();
        await holder.WaitAsync(Bound);
        await ring.WaitUntilFreeAsync();
    }

    [Fact]
    public async Task Replies_MoreThanAllowed_AreRefused()
    {
        var hold = new TaskCompletionSource();
        await using var ring = await TestRing.StartAsync(tcp: false, 1, new CoordinatorOptions { MaxSessions = 1 });
        ring.Nodes[0].Stage.BeforeStep = (_, _, token) => hold.Task.WaitAsync(token);
        var holder = ring.GenerateAsync(Prompt, 10);

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 10).WaitAsync(Bound));

        Assert.Equal(SwarmError.LimitReached, failure.Error);
        hold.SetResult();
        await holder.WaitAsync(Bound);
    }

    [Fact]
    public async Task Blocks_Missing_AreNamed()
    {
        await using var ring = await TestRing.StartAsync(tcp: true, 3, new CoordinatorOptions { ChainWait = TimeSpan.FromMilliseconds(500) });
        await ring.Nodes[1].KillAsync();
        await Eventually.TrueAsync(() => !ring.Coordinator.Readiness.IsReady, () => "the node's death was not noticed");

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 10).WaitAsync(Bound));

        Assert.Equal(SwarmError.ChainIncomplete, failure.Error);
        Assert.NotNull(failure.RetryAfter);
        Assert.Contains("blocks 10..19", failure.Message, StringComparison.Ordinal);
        Assert.Contains(ring.Nodes[1].Address.Id, failure.Message, StringComparison.Ordinal);
        Assert.Contains("blocks 10..19", ring.Coordinator.Readiness.Reason, StringComparison.Ordinal);
        Assert.Equal(0, ring.Coordinator.SessionCount);
    }

    [Fact]
    public async Task Node_OfAnotherModel_IsNotUsed()
    {
        var network = new InMemoryRingNetwork();
        await using var transport = network.Join("node");
        await using var service = new StageService(new StageServiceOptions(), [new HostedStage(Sha256Digest.Compute("other"u8), new FakeStage(new BlockSpan(0, 30)))], transport);
        await using var mine = network.Join("coordinator");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([transport.Address]), mine);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await coordinator.WaitUntilReadyAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));

        Assert.Equal(SwarmError.ChainIncomplete, failure.Error);
        Assert.Contains("node hosts another model", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spans_ThatDoNotJoin_AreNamed()
    {
        var network = new InMemoryRingNetwork();
        await using var transport = network.Join("node");
        await using var service = new StageService(
            new StageServiceOptions(),
            [new HostedStage(FakeModel.Digest, new FakeStage(new BlockSpan(0, 16))), new HostedStage(FakeModel.Digest, new FakeStage(new BlockSpan(15, 30)))],
            transport);
        await using var mine = network.Join("coordinator");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([transport.Address]), mine);

        var failure = await Assert.ThrowsAsync<SwarmException>(async () => await coordinator.WaitUntilReadyAsync(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));

        Assert.Contains("0..15, 15..29", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneNode_WithTwoSpansOfTheChain_ServesBoth()
    {
        var network = new InMemoryRingNetwork();
        await using var transport = network.Join("node");
        await using var service = new StageService(
            new StageServiceOptions(),
            [new HostedStage(FakeModel.Digest, new FakeStage(new BlockSpan(0, 15))), new HostedStage(FakeModel.Digest, new FakeStage(new BlockSpan(15, 30)))],
            transport);
        await using var mine = network.Join("coordinator");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), new FakeModel().Edges, new StaticChainSource([transport.Address]), mine);

        var tokens = new List<int>();
        await foreach (var token in coordinator.GenerateAsync(new GenerationRequest { Prompt = Prompt, MaxTokens = 20 }, null, TestContext.Current.CancellationToken))
        {
            tokens.Add(token.Id);
        }

        Assert.Equal(FakeModel.Reference(Prompt, 20, BlockSpan.Split(30, 2)), tokens);
    }

    [Fact]
    public async Task Replica_TakesOverForTheNextRequest()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 2);
        var spare = ring.StartNode("spare", new FakeStage(ring.Nodes[1].Stage.Info.Span), 0);
        await using var mine = ring.StartTransport("second");
        await using var coordinator = new Coordinator(new CoordinatorOptions(), ring.Model.Edges, new StaticChainSource([.. ring.Nodes.Select(n => n.Address), spare.Address]), mine);
        await coordinator.WaitUntilReadyAsync(Bound, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => spare.Service.CoordinatorCount == 1, () => "the spare was not asked");

        await ring.Nodes[1].KillAsync();
        var tokens = new List<int>();
        await foreach (var token in coordinator.GenerateAsync(new GenerationRequest { Prompt = Prompt, MaxTokens = 20 }, null, TestContext.Current.CancellationToken))
        {
            tokens.Add(token.Id);
        }

        Assert.Equal(ring.Reference(Prompt, 20), tokens);
        Assert.True(spare.Stage.Steps > 0);
        await spare.DisposeAsync();
    }

    [Fact]
    public async Task Coordinator_Disposed_EndsRepliesWithAnError()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 3);
        var tokens = 0;

        var failure = await Assert.ThrowsAsync<SwarmException>(() => ReadAsync(ring, 1500, async _ =>
        {
            if (++tokens == 5)
            {
                await ring.Coordinator.DisposeAsync();
            }
        }).WaitAsync(Bound));

        Assert.Equal(SwarmError.ShuttingDown, failure.Error);
        await Eventually.TrueAsync(() => ring.Nodes.All(n => n.Service.SessionCount == 0 && n.Service.CoordinatorCount == 0), () => "a stage still has the session");
    }

    [Fact]
    public async Task Coordinator_Disposed_EndsRequestsThatWait()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 2, new CoordinatorOptions { AdmissionWait = TimeSpan.FromMinutes(1) }, makeStage: span => new FakeStage(span, budget: 150));
        ring.Nodes[0].Stage.BeforeStep = (_, _, token) => Task.Delay(Timeout.Infinite, token);
        var replies = Enumerable.Range(0, 4).Select(_ => ring.GenerateAsync(Prompt, 100)).ToArray();
        await Eventually.TrueAsync(() => ring.Nodes[0].Stage.OpenSequences == 1 && ring.Coordinator.SessionCount == 4, () => "the requests do not wait");

        await ring.Coordinator.DisposeAsync().AsTask().WaitAsync(Bound);

        foreach (var reply in replies)
        {
            Assert.Equal(SwarmError.ShuttingDown, (await Assert.ThrowsAsync<SwarmException>(() => reply.WaitAsync(Bound))).Error);
        }

        Assert.Equal(SwarmError.ShuttingDown, (await Assert.ThrowsAsync<SwarmException>(() => ring.GenerateAsync(Prompt, 100))).Error);
        Assert.Equal(0, ring.Coordinator.SessionCount);
    }

    [Fact]
    public async Task Coordinator_DisposedWhileBlocksAreMissing_EndsTheRequest()
    {
        var network = new InMemoryRingNetwork();
        await using var transport = network.Join("coordinator");
        var coordinator = new Coordinator(new CoordinatorOptions { ChainWait = TimeSpan.FromMinutes(1) }, new FakeModel().Edges, new StaticChainSource([InMemoryRingNetwork.AddressOf("nobody")]), transport);
        var waiting = coordinator.WaitUntilReadyAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken).AsTask();

        await coordinator.DisposeAsync().AsTask().WaitAsync(Bound);

        Assert.Equal(SwarmError.ShuttingDown, (await Assert.ThrowsAsync<SwarmException>(() => waiting.WaitAsync(Bound))).Error);
    }

    public static TheoryData<int[], int, int?> BadRequests => new()
    {
        { [], 10, null },
        { [1], 0, null },
        { [1], 10, 21 },
        { [64], 10, null },
        { [-1], 10, null },
        { new int[2000], 100, null },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task Request_OutOfRange_IsRefused(int[] prompt, int maxTokens, int? logprobs)
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 1);

        await Assert.ThrowsAsync<ArgumentException>(async () =>
        {
            await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = prompt, MaxTokens = maxTokens, TopLogprobs = logprobs }, null, TestContext.Current.CancellationToken))
            {
                Assert.Fail($"Token {token.Id} came.");
            }
        });

        Assert.Equal(0, ring.Nodes[0].Stage.OpenSequences);
    }

    [Fact]
    public async Task ContextLength_IsTheShortestOfModelAndStages()
    {
        await using var ring = await TestRing.StartAsync(tcp: false, 2, makeStage: span => new FakeStage(span, maxSequenceTokens: span.First == 0 ? 700 : 900));

        Assert.Equal(700, ring.Coordinator.ContextLength);
    }

    private static StageServiceOptions FastProgress()
        => new() { ProgressInterval = TimeSpan.FromMilliseconds(50), Timing = new LinkTiming { Tick = TimeSpan.FromMilliseconds(25) } };

    private static async Task ReadAsync(TestRing ring, int count, Func<int, Task> onToken)
    {
        await foreach (var token in ring.Coordinator.GenerateAsync(new GenerationRequest { Prompt = Prompt, MaxTokens = count }, null, TestContext.Current.CancellationToken))
        {
            await onToken(token.Id);
        }
    }
}
