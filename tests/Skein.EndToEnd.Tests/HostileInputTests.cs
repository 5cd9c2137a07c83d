using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

[Collection(nameof(RingFixture))]
public sealed class HostileInputTests(RingFixture fixture)
{
    [Fact]
    public async Task StagePort_AMegabyteOfGarbage_ChangesNothing()
    {
        var before = await fixture.Ring.AnswerAsync("Name three colours.", 16);
        var garbage = new byte[1 << 20];
        new Random(7).NextBytes(garbage);
        foreach (var port in fixture.Ring.Ports)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, port);
            try
            {
                await socket.SendAsync(garbage);
            }
            catch (SocketException)
            {
                // The node hung up on us: what it should do.
            }

            // It hangs up rather than wait for more.
            socket.ReceiveTimeout = 15000;
            Assert.True(await ReadsEndAsync(socket), $"port {port} kept a connection that sent garbage");
        }

        Assert.Equal(before, await fixture.Ring.AnswerAsync("Name three colours.", 16));
        Assert.All(fixture.Ring.Nodes, node => Assert.False(node.HasExited));
    }

    [Fact]
    public async Task StagePort_TwoThousandIdleConnections_ServiceGoesOnInBoundedMemory()
    {
        var before = await fixture.Ring.AnswerAsync("What is two plus two?", 16);
        var node = fixture.Ring.Nodes[1];
        var figures = ProcessFigures.Of(node.Id);
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, fixture.Ring.Ports[1]);
            }

            Assert.Equal(before, await fixture.Ring.AnswerAsync("What is two plus two?", 16));
            var grown = ProcessFigures.Of(node.Id).ResidentBytes - figures.ResidentBytes;
            Assert.True(grown < 64 << 20, $"2,000 idle connections cost {grown >> 20} MiB");
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }

        Assert.False(node.HasExited);
        Assert.Equal(before, await fixture.Ring.AnswerAsync("What is two plus two?", 16));
    }

    [Fact]
    public async Task GatewayPort_TwoThousandIdleConnections_ServiceGoesOn()
    {
        var address = fixture.Ring.Http.BaseAddress!;
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, address.Port);
            }

            Assert.NotEmpty(await fixture.Ring.AnswerAsync("Hello", 8));
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Request_LongerThanTheContext_IsRefusedWithNumbers()
    {
        using var response = await fixture.Ring.Http.PostAsJsonAsync("v1/chat/completions", Ring.Chat(string.Concat(Enumerable.Repeat("word ", 20000)), 16));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await response.Content.ReadFromJsonAsync<JsonNode>())!["error"]!;
        Assert.Equal("context_length_exceeded", error["code"]!.GetValue<string>());
        Assert.Matches(@"\d{4,}", error["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task Request_UnknownModel_IsNotFound()
    {
        var body = Ring.Chat("Hello", 4);
        body["model"] = "no-such-model";
        using var response = await fixture.Ring.Http.PostAsJsonAsync("v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Request_ClientLeaves_RingIsFreeAtOnce()
    {
        for (var i = 0; i < 12; i++)
        {
            using var gone = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(Ring.Chat("Write a very long story.", 1500, stream: true)) };
            using var response = await fixture.Ring.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(gone.Token);
            Assert.NotEqual(0, await stream.ReadAsync(new byte[64], gone.Token));
        }

        // 12 x 1,500 tokens are more than the 16,384 that a node holds: had they stayed reserved, this would be refused.
        Assert.NotEmpty(await fixture.Ring.AnswerAsync("Hello", 1000));
    }

    private static async Task<bool> ReadsEndAsync(Socket socket)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
            while (await socket.ReceiveAsync(new byte[4096], patience.Token) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
