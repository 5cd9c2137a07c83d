using System.Net;
using System.Net.Sockets;
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
        await using var service = Service(time, [silent, works]);
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
        await using var service = Service(time, [mapper]);
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
    public async Task Router_AnotherOne_IsAskedForAPortOfItsOwn()
    {
        var time = new RenewalTime();
        IPAddress? router = null;
        var asked = new List<string>();
        await using var service = new PortMappingService(
            () => router,
            found => [new FakeMapper("pcp", port =>
            {
                asked.Add(found.ToString());
                return Mapped(port, "pcp", TimeSpan.FromHours(1));
            })],
            7410,
            new PortMappingOptions(),
            time);
        service.Start();
        await service.FirstRound.WaitAsync(Patience);
        Assert.Contains("no router", Assert.Single(service.Failures).Detail, StringComparison.Ordinal);

        router = IPAddress.Parse("192.168.1.1");
        await time.RenewAsync(TimeSpan.FromSeconds(30));
        Assert.NotNull(service.Current);

        router = IPAddress.Parse("10.0.0.1");
        await time.RenewAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(["192.168.1.1", "10.0.0.1"], asked);
    }

    private static PortMappingService Service(TimeProvider time, IReadOnlyList<IPortMapper> mappers) => new(() => IPAddress.Loopback, _ => mappers, 7410, new PortMappingOptions(), time);

    [Fact]
    public async Task Network_Gone_IsAFailureAndIsTriedAgain()
    {
        var time = new RenewalTime();
        var isUp = true;
        var mapper = new FakeMapper("pcp", port => isUp ? Mapped(port, "pcp", TimeSpan.FromHours(1)) : throw new SocketException((int)SocketError.NetworkUnreachable));
        await using var service = Service(time, [mapper]);
        service.Start();
        await service.FirstRound.WaitAsync(Patience);

        isUp = false;
        await time.RenewAsync(TimeSpan.FromMinutes(30));
        Assert.Null(service.Current);
        Assert.Contains("NetworkUnreachable", Assert.Single(service.Failures).Detail, StringComparison.Ordinal);

        isUp = true;
        await time.RenewAsync(TimeSpan.FromMinutes(10));
        Assert.NotNull(service.Current);
    }

    [Fact]
    public async Task Lifetime_OfOneSecond_DoesNotFloodTheRouter()
    {
        var time = new RenewalTime();
        var mapper = new FakeMapper("pcp", port => Mapped(port, "pcp", TimeSpan.FromSeconds(1)));
        await using var service = Service(time, [mapper]);
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
        var service = Service(new RenewalTime(), [mapper]);
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
        await using var service = Service(new RenewalTime(), mappers);
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
