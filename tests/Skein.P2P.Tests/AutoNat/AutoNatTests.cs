using Microsoft.Extensions.Time.Testing;
using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.Connections;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Tests.Connections;
using Skein.P2P.Transports.Memory;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.AutoNat;

/// <summary>Peers that ask to be dialled, and those that dial.</summary>
public sealed class AutoNatTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryNetwork _network;
    private P2PHost _asker = null!;
    private P2PHost _server = null!;
    private AutoNatClient _client = null!;

    public AutoNatTests() => _network = new MemoryNetwork(_time);

    public async ValueTask InitializeAsync()
    {
        _asker = await HostFixture.StartMemoryAsync(_network, "asker", _time, options => options with { Listen = [Multiaddr.Parse("/memory/asker"), Multiaddr.Parse("/memory/alias")] });
        _server = await HostFixture.StartMemoryAsync(_network, "server", _time);
        _client = new AutoNatClient(_asker, _time);
        _asker.Peers.AddAddresses(_server.Id, _server.Addresses);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _asker.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("/memory/asker", true)]
    [InlineData("/memory/alias", true)]
    [InlineData("/memory/nobody", false)]
    public async Task Ask_OwnAddressAndAnother_SaysWhetherSomebodyAnswersThere(string address, bool expected)
    {
        using var serving = Serve();

        var outcome = await AskAsync(address);

        Assert.Equal(expected, outcome.IsReachable);
        Assert.Equal(address, outcome.Address!.ToString());
    }

    [Fact]
    public async Task Ask_SeveralAddresses_TheFirstThatMayBeDialledAndNoOther()
    {
        using var serving = Serve();

        // The first cannot be dialled from there, the second names somebody else; the third is silent, and that is the answer.
        var outcome = await AskAsync("/ip4/192.0.2.1/tcp/1", $"/memory/asker/p2p/{_server.Id}", "/memory/nobody", "/memory/asker");

        Assert.Equal((false, "/memory/nobody"), (outcome.IsReachable, outcome.Address?.ToString()));
    }

    [Fact]
    public async Task Ask_PrivateAddresses_AreRefused()
    {
        using var serving = Serve(options => options with { AllowPrivate = false });

        Assert.Null((await AskAsync("/memory/asker", "/ip4/192.168.1.2/tcp/7400")).IsReachable);
    }

    [Fact]
    public async Task Ask_TooOften_IsRejectedUntilTimePasses()
    {
        using var serving = Serve(options => options with { RequestsPerMinute = 2 });

        Assert.True((await AskAsync("/memory/asker")).IsReachable);
        Assert.True((await AskAsync("/memory/asker")).IsReachable);
        var third = await AskAsync("/memory/asker");
        Assert.Null(third.IsReachable);
        Assert.Contains("no time", third.Detail, StringComparison.Ordinal);

        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.True((await AskAsync("/memory/asker")).IsReachable);
    }

    [Fact]
    public async Task Ask_TooManyASecondInAll_IsRejected()
    {
        using var serving = Serve(options => options with { DialsPerSecond = 1 });

        Assert.True((await AskAsync("/memory/asker")).IsReachable);
        Assert.Null((await AskAsync("/memory/asker")).IsReachable);
    }

    [Fact]
    public async Task Ask_ServerThatLies_IsNotBelieved()
    {
        Pretend(_ => new AutoNatMessage { Response = new DialResponse(AutoNatStatus.Ok, 0, DialStatus.Ok) });

        var outcome = await AskAsync("/memory/asker");

        Assert.Null(outcome.IsReachable);
        Assert.Contains("nothing arrived", outcome.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_ServerThatWantsAMegabyte_GetsNothing()
    {
        Pretend(_ => new AutoNatMessage { DataRequest = new DialDataRequest(0, 1_000_000) });

        Assert.Null((await AskAsync("/memory/asker")).IsReachable);
    }

    [Fact]
    public async Task Ask_ServerThatNamesAnAddressItWasNotGiven_IsNotBelieved()
    {
        Pretend(_ => new AutoNatMessage { Response = new DialResponse(AutoNatStatus.Ok, 7, DialStatus.DialError) });

        Assert.Null((await AskAsync("/memory/asker")).IsReachable);
    }

    [Fact]
    public async Task Serve_SomethingElseThanARequest_ResetsTheStream()
    {
        using var serving = Serve();
        foreach (var message in new[] { new AutoNatMessage { DataLength = 5 }.Write().ToDelimited(), [3, 1, 2, 3] })
        {
            await using var stream = await _asker.NewStreamAsync(_server.Id, AutoNatProtocol.DialRequestId, StreamClass.Control, None);
            await stream.WriteAsync(message);
            await AssertResetAsync(stream);
        }
    }

    [Fact]
    public async Task Serve_DialDataByteByByte_ResetsTheStream()
    {
        using var serving = Serve();
        await using var stream = await _asker.NewStreamAsync(_server.Id, AutoNatProtocol.DialRequestId, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { Request = new DialRequest([Multiaddr.Parse("/memory/alias")], 1) }.Write(), None);
        var wanted = await DelimitedMessages.ReadAsync(stream, 64, None).Within("the wish for data");
        Assert.True(AutoNatMessage.TryRead(wanted, out var message));
        Assert.InRange(message.DataRequest!.Bytes, (ulong)AutoNatProtocol.MinDialData, (ulong)AutoNatProtocol.MaxDialData);

        await DelimitedMessages.WriteAsync(stream, new AutoNatMessage { DataLength = 1 }.Write(), None);

        await AssertResetAsync(stream);
    }

    [Fact]
    public async Task DialBack_NobodyAskedFor_IsReset()
    {
        _server.Peers.AddAddresses(_asker.Id, _asker.Addresses);
        await using var stream = await _server.NewStreamAsync(_asker.Id, AutoNatProtocol.DialBackId, StreamClass.Control, None);
        await stream.WriteAsync(new DialBackMessage(42).Write().ToDelimited());

        await AssertResetAsync(stream);
    }

    [Fact]
    public async Task V1_OwnAddress_IsDialled()
    {
        using var serving = Serve();

        var answer = await AskV1Async(_asker.Id, "/memory/asker");

        Assert.Equal((AutoNatV1Status.Ok, "/memory/asker"), (answer.Status, answer.Address?.ToString()));
    }

    [Theory]
    [InlineData("/memory/alias", AutoNatV1Status.DialRefused)]
    [InlineData(null, AutoNatV1Status.DialRefused)]
    public async Task V1_AddressOfSomebodyElseOrNone_IsRefused(string? address, AutoNatV1Status expected)
    {
        using var serving = Serve();

        Assert.Equal(expected, (await AskV1Async(_asker.Id, address is null ? [] : [address])).Status);
    }

    [Fact]
    public async Task V1_ForSomebodyElse_IsABadRequest()
    {
        using var serving = Serve();

        Assert.Equal(AutoNatV1Status.BadRequest, (await AskV1Async(_server.Id, "/memory/asker")).Status);
    }

    [Fact]
    public async Task Dispose_OfTheServer_ServesNoLonger()
    {
        Serve().Dispose();

        Assert.DoesNotContain(AutoNatProtocol.DialRequestId, _server.Protocols);
        Assert.DoesNotContain(AutoNatProtocol.V1Id, _server.Protocols);
        Assert.Null((await AskAsync("/memory/asker")).IsReachable);
    }

    private AutoNatServer Serve(Func<AutoNatServerOptions, AutoNatServerOptions>? change = null)
    {
        var options = new AutoNatServerOptions { AllowPrivate = true };
        return new AutoNatServer(_server, [_network.TransportOf("server")], change?.Invoke(options) ?? options, _time);
    }

    private void Pretend(Func<AutoNatMessage, AutoNatMessage> answer) => _server.Handle(AutoNatProtocol.DialRequestId, StreamClass.Control, async (stream, token) =>
    {
        var request = await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, token);
        Assert.True(AutoNatMessage.TryRead(request, out var message));
        await DelimitedMessages.WriteAsync(stream, answer(message).Write(), token);
        // Until the asker has had enough.
        await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, token);
    });

    private Task<AutoNatOutcome> AskAsync(params string[] addresses) => _client.AskAsync(_server.Id, [.. addresses.Select(Multiaddr.Parse)], None).Within("the server's answer");

    private async Task<AutoNatV1Message> AskV1Async(PeerId peer, params string[] addresses)
    {
        await using var stream = await _asker.NewStreamAsync(_server.Id, AutoNatProtocol.V1Id, StreamClass.Control, None);
        await DelimitedMessages.WriteAsync(stream, new AutoNatV1Message { Peer = peer, Addresses = [.. addresses.Select(Multiaddr.Parse)] }.Write(), None);
        var encoded = await DelimitedMessages.ReadAsync(stream, AutoNatProtocol.MaxMessage, None).Within("the answer");
        Assert.True(AutoNatV1Message.TryRead(encoded, out var answer) && answer.IsResponse);
        return answer;
    }

    private static async Task AssertResetAsync(Stream stream)
        => Assert.Equal(P2PError.StreamReset, (await Assert.ThrowsAsync<P2PException>(async () => await stream.ReadExactlyAsync(new byte[1]).Within("the reset"))).Error);
}
