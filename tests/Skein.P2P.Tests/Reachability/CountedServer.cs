using Microsoft.Extensions.Time.Testing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Reachability;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Reachability;

/// <summary>A host whose service asks one server that always says the same and counts how often it is asked; the service's clock is the test's.</summary>
internal sealed class CountedServer : IAsyncDisposable
{
    private readonly P2PHost _near;
    private readonly P2PHost _far;
    private readonly AutoNatClient _client;
    private int _asked;

    private CountedServer(P2PHost near, P2PHost far)
    {
        _near = near;
        _far = far;
        _client = new AutoNatClient(near, TimeProvider.System);
        Service = new ReachabilityService(near, _client, null, [], new ReachabilityOptions { AllowPrivate = true }, Time);
    }

    public FakeTimeProvider Time { get; } = new();

    public ReachabilityService Service { get; }

    public int Asked => Volatile.Read(ref _asked);

    public static async Task<CountedServer> StartAsync(DialResponse response)
    {
        var counted = new CountedServer(await HostFixture.StartTcpAsync(), await HostFixture.StartTcpAsync());
        counted._far.Handle(AutoNatProtocol.DialRequestId, StreamClass.Control, async (stream, token) =>
        {
            await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, token);
            Interlocked.Increment(ref counted._asked);
            await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { Response = response }.Write(), token);
        });
        counted.Service.Start();
        await counted._near.ConnectAsync(HostFixture.AddressOf(counted._far), CancellationToken.None);
        return counted;
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _client.Dispose();
        await _near.DisposeAsync();
        await _far.DisposeAsync();
    }
}
