using System.Net;
using Microsoft.Extensions.Time.Testing;
using Skein.P2P.PortMapping;

namespace Skein.P2P.Tests.PortMapping;

public sealed class PortMappingServiceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Start_FirstWayFails_TakesTheNextAndKeepsToIt()
    {
        var time = new RenewalTime();
        var silent = new FakeMapper("pcp", _ => PortMappingResult.Failed(PortMappingFailure.NoAnswer, "silent"));
        var works = new FakeMapper("nat-pmp", port => Mapped(port, "nat-pmp", TimeSpan.FromMinutes(20)));
        await using var service = new PortMappingService([silent, works], 7410, new PortMappingOptions(), time);
        service.Start();
        await service.FirstRound.WaitAsync(Patience);
        Assert.Equal("nat-pmp", service.Current!.Method);
        Assert.Empty(service.Failures);

        // Half of what the router gave.
        await time.RenewAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(2, works.Calls);
        Assert.Equal(1, silent.Calls);
    }

    [Fact]
    public async Task Changed_AddressOrLoss_IsRaisedOnceEach()
    {
        var time = new RenewalTime();
        var answers = new Queue<PortMappingResult>(
        [
            Mapped(7410, "pcp", TimeSpan.FromHours(1)), Mapped(7410, "pcp", TimeSpan.FromHours(1)), Mapped(7500, "pcp", TimeSpan.FromHours(1)),
            PortMappingResult.Failed(PortMappingFailure.RouterFailed, "down"),
        ]);
        var mapper = new FakeMapper("pcp", _ => answers.Dequeue());
        var seen = new List<int?>();
        await using var service = new PortMappingService([mapper], 7410, new PortMappingOptions(), time);
        service.Changed += mapping => seen.Add(mapping?.External.Port);
        service.Start();
        await service.FirstRound.WaitAsync(Patience);
        for (var i = 0; i < 3; i++)
        {
            await time.RenewAsync(TimeSpan.FromMinutes(30));
        }

        await service.DisposeAsync();
        Assert.Equal([7410, 7500, null], seen);
    }

    [Fact]
    public async Task Lifetime_OfOneSecond_DoesNotFloodTheRouter()
    {
        var time = new RenewalTime();
        var mapper = new FakeMapper("pcp", port => Mapped(port, "pcp", TimeSpan.FromSeconds(1)));
        await using var service = new PortMappingService([mapper], 7410, new PortMappingOptions(), time);
        service.Start();
        await service.FirstRound.WaitAsync(Patience);
        await time.RenewalArmedAsync();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(1, mapper.Calls);

        time.Advance(TimeSpan.FromSeconds(1));
        await time.RenewalArmedAsync();
        Assert.Equal(2, mapper.Calls);
    }

    [Fact]
    public async Task DisposeAsync_WithAPort_GivesItBack()
    {
        var mapper = new FakeMapper("pcp", port => Mapped(port, "pcp", TimeSpan.FromHours(1)));
        var service = new PortMappingService([mapper], 7410, new PortMappingOptions(), new RenewalTime());
        service.Start();
        await service.FirstRound.WaitAsync(Patience);
        await service.DisposeAsync();

        Assert.Equal(1, mapper.Released);
        Assert.Null(service.Current);
    }

    [Fact]
    public async Task Failures_NobodyAnswers_SayWhatEachWaySaid()
    {
        var mappers = new[] { "pcp", "nat-pmp", "upnp" }.Select(method => new FakeMapper(method, _ => PortMappingResult.Failed(PortMappingFailure.NoAnswer, method))).ToArray();
        await using var service = new PortMappingService(mappers, 7410, new PortMappingOptions(), new RenewalTime());
        service.Start();
        await service.FirstRound.WaitAsync(Patience);

        Assert.Null(service.Current);
        Assert.Equal(["pcp", "nat-pmp", "upnp"], service.Failures.Select(f => f.Detail));
    }

    private static PortMappingResult Mapped(int port, string method, TimeSpan lifetime)
        => PortMappingResult.Success(new MappedPort(new IPEndPoint(IPAddress.Parse("203.0.113.5"), port), 7410, lifetime, method));

    private sealed class FakeMapper(string method, Func<int, PortMappingResult> answer) : IPortMapper
    {
        public string Method => method;

        public int Calls { get; private set; }

        public int Released { get; private set; }

        public ValueTask<PortMappingResult> MapAsync(int internalPort, int suggestedExternalPort, TimeSpan lifetime, CancellationToken cancellationToken)
        {
            Calls++;
            return ValueTask.FromResult(answer(suggestedExternalPort));
        }

        public ValueTask UnmapAsync(MappedPort mapping, CancellationToken cancellationToken)
        {
            Released++;
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Virtual time that tells when the service has set its next alarm: a step taken before would be lost.</summary>
    private sealed class RenewalTime : FakeTimeProvider
    {
        private readonly SemaphoreSlim _armed = new(0);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _armed.Release();
            return timer;
        }

        /// <summary>Waits until a round ended and the next alarm is set.</summary>
        public async Task RenewalArmedAsync() => Assert.True(await _armed.WaitAsync(Patience), "no alarm was set for the next renewal");

        /// <summary>Lets the time pass, and a whole round with it.</summary>
        public async Task RenewAsync(TimeSpan after)
        {
            await RenewalArmedAsync();
            Advance(after);
            await RenewalArmedAsync();
            // What is armed now is for the next call.
            _armed.Release();
        }
    }
}
