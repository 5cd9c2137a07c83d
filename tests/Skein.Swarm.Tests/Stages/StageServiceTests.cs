using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Core.Units;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Links;
using Skein.Swarm.Messages;
using Skein.Swarm.Stages;
using Skein.Swarm.Tests.Fakes;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Stages;

public sealed class StageServiceTests : IAsyncDisposable
{
    private const int Width = FakeModel.Width;
    private static readonly BlockSpan Span = new(10, 20);

    private readonly InMemoryRingNetwork _network = new();
    private readonly InMemoryRingTransport _transport;
    private readonly List<TestNode> _nodes = [];
    private readonly TestLogger _log = new();

    public StageServiceTests() => _transport = _network.Join("tester");

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }

        await _transport.DisposeAsync();
    }

    [Fact]
    public async Task Session_AtTheTail_ComputesAndAccounts()
    {
        var node = Start();
        await using var open = await OpenAsync(node, kvTokens: 10);

        await open.Link.SendAsync(Frame(open.Id, 0, 0, rows: 3, flags: FrameFlags.Prefill | FrameFlags.LastRowOnly), Rows(3));
        var (header, _) = await open.Link.NextFrameAsync();
        await open.Link.SendAsync(Frame(open.Id, 1, 3), Rows(1));
        var (second, values) = await open.Link.NextFrameAsync();
        await open.Session.Connection.SendAsync(new CloseMessage(open.Id, 0));
        var closed = await open.Session.NextAsync<ClosedMessage>();

        Assert.Equal((1, 2, 1, 0u), (header.Hop, header.Position, header.Rows, header.Step));
        Assert.Equal((1, 3, 1, 1u), (second.Hop, second.Position, second.Rows, second.Step));
        Assert.Equal(Width, values.Length);
        Assert.Equal(4, closed.Rows);
        Assert.Equal(2, closed.Frames);
        Assert.Equal((2 * FrameHeader.Size) + (4 * Width * 4), closed.BytesIn);
        Assert.Equal((2 * FrameHeader.Size) + (2 * Width * 4), closed.BytesOut);
        await FreeAsync(node);
    }

    [Fact]
    public async Task Offers_SayWhatIsHosted()
    {
        var node = Start(new FakeStage(Span, budget: 999));
        await using var raw = await RawPeer.AnyAsync(_transport, node.Address, RingProtocols.Session);

        var offer = Assert.Single((await raw.NextAsync<OffersMessage>()).Offers);

        Assert.Equal(FakeModel.Digest, offer.Model);
        Assert.Equal(node.Stage.Info, offer.Info);
        Assert.Equal(999, offer.FreeKvTokens);
    }

    [Fact]
    public async Task Open_WhatTheNodeCannotServe_IsRefusedWithReason()
    {
        var node = Start(new FakeStage(Span, maxSequenceTokens: 100, budget: 100));
        await using var session = await RawPeer.SessionAsync(_transport, node.Address);
        await using var link = await RawPeer.LinkAsync(_transport, node.Address, 7);

        async Task<RefusedMessage> RefusedAsync(Func<OpenMessage, OpenMessage> change)
        {
            var open = change(Open(SessionId.Create(), returnLink: 7, kvTokens: 50));
            await session.Connection.SendAsync(open);
            var refused = await session.NextAsync<RefusedMessage>();
            Assert.Equal(open.Session, refused.Session);
            return refused;
        }

        var model = await RefusedAsync(o => o with { Model = Sha256Digest.Compute("other"u8) });
        var span = await RefusedAsync(o => o with { Span = new BlockSpan(11, 20) });
        var longer = await RefusedAsync(o => o with { KvTokens = 101 });
        var none = await RefusedAsync(o => o with { KvTokens = 0 });
        var codec = await RefusedAsync(o => o with { Format = (RowFormat)9 });
        var back = await RefusedAsync(o => o with { ReturnLink = 8 });
        var next = await RefusedAsync(o => o with { Next = InMemoryRingNetwork.AddressOf("nobody") });

        Assert.Equal(SwarmError.UnknownModel, model.Reason);
        Assert.Equal(SwarmError.SpanNotHosted, span.Reason);
        Assert.Contains("10..19", span.Message, StringComparison.Ordinal);
        Assert.Equal(SwarmError.ContextTooLong, longer.Reason);
        Assert.Contains("100", longer.Message, StringComparison.Ordinal);
        Assert.Equal(SwarmError.ContextTooLong, none.Reason);
        Assert.Equal(SwarmError.UnsupportedCodec, codec.Reason);
        Assert.Equal(SwarmError.PeerLost, back.Reason);
        Assert.Equal(SwarmError.NextHopUnreachable, next.Reason);
        Assert.Contains("nobody", next.Message, StringComparison.Ordinal);
        await FreeAsync(node);
    }

    [Fact]
    public async Task Open_OverKvBudget_IsRefusedUntilAnotherSessionEnds()
    {
        var node = Start(new FakeStage(Span, budget: 100));
        await using var first = await OpenAsync(node, kvTokens: 80);
        var second = Open(SessionId.Create(), first.LinkId, 30);

        await first.Session.Connection.SendAsync(second);
        var refused = await first.Session.NextAsync<RefusedMessage>();
        await first.Session.Connection.SendAsync(new CloseMessage(first.Id, 0));
        await first.Session.NextAsync<ClosedMessage>();
        await first.Session.Connection.SendAsync(second);
        var opened = await first.Session.NextAsync<OpenedMessage>();

        Assert.Equal(SwarmError.KvBudgetExhausted, refused.Reason);
        Assert.Equal(node.Service.Options.RetryAfter, refused.RetryAfter);
        Assert.Equal(30, opened.KvTokens);
    }

    [Fact]
    public async Task Open_MoreSessionsThanAllowed_IsRefused()
    {
        var node = Start(options: new StageServiceOptions { MaxSessions = 1 });
        await using var first = await OpenAsync(node);

        await first.Session.Connection.SendAsync(Open(SessionId.Create(), first.LinkId, 10));

        Assert.Equal(SwarmError.TooManySessions, (await first.Session.NextAsync<RefusedMessage>()).Reason);
    }

    [Fact]
    public async Task Open_SameSessionTwice_SecondIsRefusedAndFirstLives()
    {
        var node = Start();
        await using var open = await OpenAsync(node);

        await open.Session.Connection.SendAsync(Open(open.Id, open.LinkId, 10));
        Assert.Equal(SwarmError.BadMessage, (await open.Session.NextAsync<RefusedMessage>()).Reason);

        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.NextFrameAsync();
    }

    [Fact]
    public async Task Frame_Replayed_IsRunOnce()
    {
        var node = Start();
        await using var open = await OpenAsync(node);
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 1, 1), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 1, 1), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 2, 2), Rows(1));

        for (var step = 0u; step < 3; step++)
        {
            Assert.Equal(step, (await open.Link.NextFrameAsync()).Header.Step);
        }

        Assert.Equal(3, node.Stage.Steps);
    }

    [Fact]
    public async Task Frame_OfAnOlderEpoch_IsPassedOver()
    {
        var node = Start();
        await using var open = await OpenAsync(node);
        await open.Link.SendAsync(Frame(open.Id, 0, 0, rows: 4), Rows(4));
        await open.Link.NextFrameAsync();
        await open.Link.SendAsync(Frame(open.Id, 5, 2, epoch: 1, truncateTo: 2), Rows(1));
        await open.Link.NextFrameAsync();
        await open.Link.SendAsync(Frame(open.Id, 1, 4), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 6, 3, epoch: 1), Rows(1));

        Assert.Equal(6u, (await open.Link.NextFrameAsync()).Header.Step);
        Assert.Equal(3, node.Stage.Steps);
    }

    public static TheoryData<string, SwarmError> BadFrames => new()
    {
        { "gap", SwarmError.OutOfOrder },
        { "step back in a new epoch", SwarmError.OutOfOrder },
        { "ahead", SwarmError.BadPosition },
        { "behind", SwarmError.BadPosition },
        { "past the reservation", SwarmError.BadPosition },
        { "truncates into the future", SwarmError.BadPosition },
        { "truncates past its own position", SwarmError.BadPosition },
        { "not a number", SwarmError.NotFinite },
        { "width", SwarmError.BadFrame },
        { "rows", SwarmError.BadFrame },
        { "format", SwarmError.BadFrame },
    };

    [Theory]
    [MemberData(nameof(BadFrames))]
    public async Task Frame_ThatDoesNotFit_FailsTheSessionAndTellsBothSides(string what, SwarmError expected)
    {
        var node = Start(new FakeStage(Span, maxStepRows: 16));
        await using var open = await OpenAsync(node, kvTokens: 8);
        await open.Link.SendAsync(Frame(open.Id, 4, 0, rows: 2), Rows(2));
        await open.Link.NextFrameAsync();
        var nan = Rows(1);
        nan[Width - 1] = float.NaN;
        var (header, values) = what switch
        {
            "gap" => (Frame(open.Id, 6, 2), Rows(1)),
            "step back in a new epoch" => (Frame(open.Id, 4, 2, epoch: 1), Rows(1)),
            "ahead" => (Frame(open.Id, 5, 3), Rows(1)),
            "behind" => (Frame(open.Id, 5, 1), Rows(1)),
            "past the reservation" => (Frame(open.Id, 5, 2, rows: 7), Rows(7)),
            "truncates into the future" => (Frame(open.Id, 5, 3, epoch: 1, truncateTo: 3), Rows(1)),
            "truncates past its own position" => (Frame(open.Id, 5, 1, epoch: 1, truncateTo: 2), Rows(1)),
            "not a number" => (Frame(open.Id, 5, 2), nan),
            "width" => (Frame(open.Id, 5, 2) with { Width = Width + 1 }, new float[Width + 1]),
            "rows" => (Frame(open.Id, 5, 2, rows: 17), Rows(17)),
            "format" => (Frame(open.Id, 5, 2) with { Format = RowFormat.Float16 }, Rows(1)),
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };

        if (header.Format == RowFormat.Float32)
        {
            await open.Link.SendBytesAsync(RawPeer.Bytes(header, values));
        }
        else
        {
            await open.Link.SendAsync(header, values);
        }

        var told = await open.Session.NextAsync<ErrorMessage>();
        var upstream = await open.Link.NextAsync<ErrorMessage>();
        Assert.Equal((expected, open.Id, 0), (told.Error, told.Session!.Value, told.Hop));
        Assert.Equal((expected, open.Id), (upstream.Error, upstream.Session!.Value));
        await FreeAsync(node);
        // The link carries on for others.
        await using var other = await OpenAsync(node, linkId: 99);
        await other.Link.SendAsync(Frame(other.Id, 0, 0), Rows(1));
        await other.Link.NextFrameAsync();
    }

    [Fact]
    public async Task Frame_WithWrongChecksum_ClosesThatLinkAndItsSessionsOnly()
    {
        var node = Start();
        await using var open = await OpenAsync(node);
        await using var other = await OpenAsync(node, linkId: 99);
        var bytes = RawPeer.Bytes(Frame(open.Id, 0, 0), Rows(1));
        bytes[^1] ^= 1;

        await open.Link.SendBytesAsync(bytes);

        var notice = await open.Link.NextAsync<ErrorMessage>();
        Assert.Null(notice.Session);
        Assert.Equal(SwarmError.ChecksumMismatch, notice.Error);
        await open.Link.ClosedAsync();
        Assert.Equal(SwarmError.PeerLost, (await open.Session.NextAsync<ErrorMessage>()).Error);
        await other.Link.SendAsync(Frame(other.Id, 0, 0), Rows(1));
        await other.Link.NextFrameAsync();
        Assert.Equal(0, node.Service.WaitingBytes);
    }

    [Fact]
    public async Task Frame_CutShort_LeavesNothingBehind()
    {
        var node = Start();
        await using var open = await OpenAsync(node);

        await open.Link.SendBytesAsync(RawPeer.Bytes(Frame(open.Id, 0, 0, rows: 100), Rows(100)).AsMemory(0, 3000));
        await Eventually.TrueAsync(() => node.Service.WaitingBytes > 0, () => "the frame's head did not arrive");
        await open.Link.DisposeAsync();

        Assert.Equal(SwarmError.PeerLost, (await open.Session.NextAsync<ErrorMessage>()).Error);
        await FreeAsync(node);
    }

    [Fact]
    public async Task Frame_OfUnknownSession_IsPassedOverWithAComplaint()
    {
        var node = Start();
        await using var open = await OpenAsync(node);
        var stranger = SessionId.Create();

        await open.Link.SendAsync(Frame(stranger, 0, 0, rows: 200), Rows(200));
        var complaint = await open.Link.NextAsync<ErrorMessage>();
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.NextFrameAsync();

        Assert.Equal((SwarmError.UnknownSession, stranger), (complaint.Error, complaint.Session!.Value));
    }

    [Fact]
    public async Task Frames_MoreThanMayWait_FailTheSession()
    {
        var release = new TaskCompletionSource();
        var stage = new FakeStage(Span) { BeforeStep = (_, _, token) => release.Task.WaitAsync(token) };
        var node = Start(stage, new StageServiceOptions { MaxFramesPerSession = 4 });
        await using var open = await OpenAsync(node);

        for (var i = 0; i < 10; i++)
        {
            await open.Link.SendAsync(Frame(open.Id, (uint)i, i), Rows(1));
        }

        Assert.Equal(SwarmError.TooManyFrames, (await open.Session.NextAsync<ErrorMessage>()).Error);
        await FreeAsync(node);
    }

    [Fact]
    public async Task Frames_MoreBytesThanMayWait_FailTheSession()
    {
        var release = new TaskCompletionSource();
        var stage = new FakeStage(Span) { BeforeStep = (_, _, token) => release.Task.WaitAsync(token) };
        var node = Start(stage, new StageServiceOptions { MaxWaitingBytes = new ByteSize(10 * Width * 4) });
        await using var open = await OpenAsync(node);

        await open.Link.SendAsync(Frame(open.Id, 0, 0, rows: 6), Rows(6));
        await open.Link.SendAsync(Frame(open.Id, 1, 6, rows: 6), Rows(6));

        var error = await open.Session.NextAsync<ErrorMessage>();
        Assert.Equal(SwarmError.TooManyFrames, error.Error);
        Assert.NotNull(error.RetryAfter);
        await FreeAsync(node);
    }

    [Theory]
    [InlineData(RingProtocols.Session)]
    [InlineData(RingProtocols.Activations)]
    [InlineData(RingProtocols.Bulk)]
    public async Task Garbage_AfterTheHandshake_ClosesTheStream(string protocol)
    {
        var node = Start();
        await using var open = await OpenAsync(node);
        await using var raw = await RawPeer.AnyAsync(_transport, node.Address, protocol);
        var garbage = new byte[1 << 20];
        new Random(1).NextBytes(garbage);

        await raw.SendBytesAsync(garbage);

        await raw.ClosedAsync();
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.NextFrameAsync();
    }

    [Fact]
    public async Task Link_WithoutGreeting_IsClosedInTime()
    {
        var node = Start(options: new StageServiceOptions { Timing = new LinkTiming { ConnectBound = TimeSpan.FromMilliseconds(200) } });
        await using var raw = await RawPeer.AnyAsync(_transport, node.Address, RingProtocols.Activations);

        await raw.ClosedAsync();

        await Eventually.TrueAsync(() => node.Service.LinkCount == 0, () => "the link is still counted");
    }

    [Fact]
    public async Task Links_MoreThanAllowed_AreRefused()
    {
        var node = Start(options: new StageServiceOptions { MaxInboundLinks = 1 });
        await using var first = await RawPeer.LinkAsync(_transport, node.Address, 1);
        await using var second = await RawPeer.AnyAsync(_transport, node.Address, RingProtocols.Activations);

        Assert.Equal(SwarmError.LimitReached, (await second.NextAsync<ErrorMessage>()).Error);
        await second.ClosedAsync();
    }

    [Fact]
    public async Task Coordinators_MoreThanAllowed_TheSilentOneMakesRoom()
    {
        var node = Start(options: new StageServiceOptions { MaxCoordinators = 2 });
        await using var busy = await OpenAsync(node);
        await using var silent = await RawPeer.SessionAsync(_transport, node.Address);

        await using var newcomer = await RawPeer.SessionAsync(_transport, node.Address);

        await silent.ClosedAsync();
        await busy.Link.SendAsync(Frame(busy.Id, 0, 0), Rows(1));
        await busy.Link.NextFrameAsync();
    }

    [Fact]
    public async Task Coordinators_MoreThanAllowedAndAllBusy_AreRefused()
    {
        var node = Start(options: new StageServiceOptions { MaxCoordinators = 1 });
        await using var first = await OpenAsync(node);
        await using var second = await RawPeer.AnyAsync(_transport, node.Address, RingProtocols.Session);

        Assert.Equal(SwarmError.LimitReached, (await second.NextAsync<ErrorMessage>()).Error);
        await second.ClosedAsync();
    }

    [Fact]
    public async Task Coordinator_Leaves_ItsSessionsAreFreed()
    {
        var release = new TaskCompletionSource();
        var stage = new FakeStage(Span) { BeforeStep = (_, _, token) => release.Task.WaitAsync(token) };
        var node = Start(stage);
        await using var open = await OpenAsync(node);
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await Eventually.TrueAsync(() => node.Service.WaitingBytes > 0, () => "the frame did not arrive");

        await open.Session.DisposeAsync();

        await FreeAsync(node);
        Assert.Equal(SwarmError.SessionClosed, (await open.Link.NextAsync<ErrorMessage>()).Error);
    }

    [Fact]
    public async Task Session_ForWhichNothingComes_IsClosed()
    {
        var node = Start(options: new StageServiceOptions { SessionIdle = TimeSpan.FromMilliseconds(100), Timing = new LinkTiming { Tick = TimeSpan.FromMilliseconds(50) } });
        await using var open = await OpenAsync(node);

        Assert.Equal(SwarmError.SessionIdle, (await open.Session.NextAsync<ErrorMessage>()).Error);
        await FreeAsync(node);
    }

    [Fact]
    public async Task Step_ThatTakesLong_IsReportedAsProgress()
    {
        var release = new TaskCompletionSource();
        var stage = new FakeStage(Span) { BeforeStep = (_, _, token) => release.Task.WaitAsync(token) };
        var node = Start(stage, new StageServiceOptions { ProgressInterval = TimeSpan.FromMilliseconds(50), Timing = new LinkTiming { Tick = TimeSpan.FromMilliseconds(20) } });
        await using var open = await OpenAsync(node);
        await open.Link.SendAsync(Frame(open.Id, 0, 0), Rows(1));
        await open.Link.SendAsync(Frame(open.Id, 1, 1), Rows(1));

        var first = await open.Session.NextAsync<ProgressMessage>();
        var second = await open.Session.NextAsync<ProgressMessage>();
        release.SetResult();
        await open.Link.NextFrameAsync();

        Assert.Equal((open.Id, 0, 0u), (first.Session, first.Hop, first.Step));
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task Failure_InTheFirstStage_ClosesTheSecondToo()
    {
        var stage = new FakeStage(new BlockSpan(0, 10));
        var first = Start(stage, name: "first");
        var second = Start(new FakeStage(Span), name: "second");
        await using var pair = await OpenPairAsync(first, second);
        await pair.Forward.SendAsync(Frame(pair.Id, 0, 0), Rows(1));
        await pair.Back.NextFrameAsync();

        await pair.Forward.SendAsync(Frame(pair.Id, 7, 1), Rows(1));

        Assert.Equal(SwarmError.OutOfOrder, (await pair.FirstSession.NextAsync<ErrorMessage>()).Error);
        var downstream = await pair.SecondSession.NextAsync<ErrorMessage>();
        Assert.Equal((SwarmError.OutOfOrder, 1, 0), (downstream.Error, downstream.Hop, downstream.Origin));
        await FreeAsync(first);
        await FreeAsync(second);
    }

    [Fact]
    public async Task Failure_InTheSecondStage_ClosesTheFirstToo()
    {
        var first = Start(new FakeStage(new BlockSpan(0, 10)), name: "first");
        var second = Start(new FakeStage(Span) { BeforeStep = (_, _, _) => throw new StageException(StageError.ComputeFailed, "The engine gave NaN.") }, name: "second");
        await using var pair = await OpenPairAsync(first, second);

        await pair.Forward.SendAsync(Frame(pair.Id, 0, 0), Rows(1));

        Assert.Equal(SwarmError.ComputeFailed, (await pair.SecondSession.NextAsync<ErrorMessage>()).Error);
        var upstream = await pair.FirstSession.NextAsync<ErrorMessage>();
        Assert.Equal((SwarmError.ComputeFailed, 0, 1), (upstream.Error, upstream.Hop, upstream.Origin));
        Assert.Equal(SwarmError.ComputeFailed, (await pair.Forward.NextAsync<ErrorMessage>()).Error);
        await FreeAsync(first);
        await FreeAsync(second);
    }

    [Fact]
    public async Task NextStage_Dies_SessionFailsAtOnce()
    {
        var first = Start(new FakeStage(new BlockSpan(0, 10)), name: "first");
        var second = Start(new FakeStage(Span), name: "second");
        await using var pair = await OpenPairAsync(first, second);

        await second.KillAsync();

        Assert.Equal(SwarmError.PeerLost, (await pair.FirstSession.NextAsync<ErrorMessage>()).Error);
        await FreeAsync(first);
    }

    [Fact]
    public async Task DisposeAsync_WithOpenSessions_SaysWhy()
    {
        var node = Start();
        await using var open = await OpenAsync(node);

        await node.DisposeAsync();

        Assert.Equal(SwarmError.ShuttingDown, (await open.Session.NextAsync<ErrorMessage>()).Error);
        Assert.Equal(0, node.Stage.OpenSequences);
    }

    [Fact]
    public void Constructor_BadOptions_NamesAllFaults()
    {
        var failure = Assert.Throws<ArgumentException>(() => new StageService(new StageServiceOptions { MaxSessions = 0, SessionIdle = TimeSpan.Zero }, [new HostedStage(FakeModel.Digest, new FakeStage(Span))], _transport));

        Assert.Contains("MaxSessions", failure.Message, StringComparison.Ordinal);
        Assert.Contains("SessionIdle", failure.Message, StringComparison.Ordinal);
    }

    private static FrameHeader Frame(SessionId session, uint step, int position, int rows = 1, uint epoch = 0, uint truncateTo = FrameHeader.NoTruncation, FrameFlags flags = FrameFlags.None)
        => new(session, 0, epoch, step, position, truncateTo, rows, Width, RowFormat.Float32, flags);

    private static float[] Rows(int rows) => [.. Enumerable.Range(0, rows * Width).Select(i => i * 0.01f)];

    private static OpenMessage Open(SessionId session, UInt128 returnLink, int kvTokens)
        => new(session, 0, FakeModel.Digest, Span, null, returnLink, RowFormat.Float32, kvTokens, default);

    private static Task FreeAsync(TestNode node)
        => Eventually.TrueAsync(
            () => node.Service.SessionCount == 0 && node.Stage.OpenSequences == 0 && node.Service.WaitingBytes == 0,
            () => $"{node.Service.SessionCount} sessions, {node.Stage.OpenSequences} sequences, {node.Service.WaitingBytes} bytes left");

    private TestNode Start(FakeStage? stage = null, StageServiceOptions? options = null, string name = "node")
    {
        stage ??= new FakeStage(Span);
        var transport = _network.Join(name);
        var node = new TestNode(stage, transport, new StageService(options ?? new StageServiceOptions(), [new HostedStage(FakeModel.Digest, stage)], transport, null, _log), transport.Address);
        _nodes.Add(node);
        return node;
    }

    private async Task<OpenSession> OpenAsync(TestNode node, int kvTokens = 1000, int linkId = 42)
    {
        var session = await RawPeer.SessionAsync(_transport, node.Address);
        var link = await RawPeer.LinkAsync(_transport, node.Address, (UInt128)linkId);
        var id = SessionId.Create();
        await session.Connection.SendAsync(Open(id, (UInt128)linkId, kvTokens));
        Assert.Equal(kvTokens, (await session.NextAsync<OpenedMessage>()).KvTokens);
        return new OpenSession(session, link, id, (UInt128)linkId);
    }

    private async Task<OpenPair> OpenPairAsync(TestNode first, TestNode second)
    {
        var id = SessionId.Create();
        var secondSession = await RawPeer.SessionAsync(_transport, second.Address);
        var back = await RawPeer.LinkAsync(_transport, second.Address, 5);
        await secondSession.Connection.SendAsync(new OpenMessage(id, 1, FakeModel.Digest, second.Stage.Info.Span, null, 5, RowFormat.Float32, 100, default));
        await secondSession.NextAsync<OpenedMessage>();
        var firstSession = await RawPeer.SessionAsync(_transport, first.Address);
        await firstSession.Connection.SendAsync(new OpenMessage(id, 0, FakeModel.Digest, first.Stage.Info.Span, second.Address, default, RowFormat.Float32, 100, default));
        await firstSession.NextAsync<OpenedMessage>();
        return new OpenPair(id, firstSession, secondSession, await RawPeer.LinkAsync(_transport, first.Address, 6), back);
    }

    private sealed record OpenSession(RawPeer Session, RawPeer Link, SessionId Id, UInt128 LinkId) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Link.DisposeAsync();
            await Session.DisposeAsync();
        }
    }

    private sealed record OpenPair(SessionId Id, RawPeer FirstSession, RawPeer SecondSession, RawPeer Forward, RawPeer Back) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var peer in new[] { FirstSession, SecondSession, Forward, Back })
            {
                await peer.DisposeAsync();
            }
        }
    }
}
