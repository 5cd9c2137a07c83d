using System.Net;
using System.Net.Sockets;
using System.Text;
using Skein.Core.Generation;
using Skein.Gateway.Hosting;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class ConnectionTests
{
    [Theory]
    [InlineData("true", false)]
    [InlineData("false", false)]
    [InlineData("true", true)]
    [InlineData("false", true)]
    public async Task Client_Leaving_StopsTheWorkAtOnce(string stream, bool onePort)
    {
        await using var gateway = await StartAsync(onePort, new ScriptedGenerator(_ => [new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task)]));
        using var client = await SendAsync(gateway, $"\"stream\":{stream}");
        await gateway.Generator.Begun.Task.WaitAsync(TestGateway.Patience);

        client.Close();

        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
        Assert.Equal(0, gateway.Generator.Active);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_LeavingMidStream_StopsAllReplies(bool onePort)
    {
        await using var gateway = await StartAsync(onePort, new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("first").Append(new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task))));
        using (var response = await gateway.ChatAsync("\"stream\":true,\"n\":4", streaming: true))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
        await WaitUntilIdleAsync(gateway);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public async Task Client_ThatDoesNotRead_IsCutOffAndHoldsLittle(int replies, bool onePort)
    {
        var produced = 0;
        await using var gateway = await StartAsync(
            onePort,
            new ScriptedGenerator(_ => Endless()) { ContextLength = int.MaxValue },
            new GatewayOptions { WriteTimeout = TimeSpan.FromMilliseconds(200) });
        using var client = await SendAsync(gateway, $"\"stream\":true,\"max_tokens\":1000000000,\"n\":{replies}");

        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
        await WaitUntilIdleAsync(gateway);

        // The sockets' own buffers hold some megabytes; without the bound the generators would never stop.
        Assert.InRange(Volatile.Read(ref produced), 1, 500_000);

        IEnumerable<ScriptedGenerator.Step> Endless()
        {
            while (true)
            {
                Interlocked.Increment(ref produced);
                yield return new ScriptedGenerator.TokenStep('x');
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EightChats_AtOnce_RunTogetherAndGetEachItsOwnText(bool onePort)
    {
        var together = new TaskCompletionSource();
        var begun = 0;
        await using var gateway = await StartAsync(onePort, new ScriptedGenerator(request => Echo(request)));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            var body = $$"""{"model":"{{TestGateway.Model}}","messages":[{"role":"user","content":"user {{i}}"}]{{(i % 2 == 0 ? ",\"stream\":true" : "")}}}""";
            using var response = await gateway.PostAsync("/v1/chat/completions", body);
            return await response.Content.ReadAsStringAsync();
        })).WaitAsync(TestGateway.Patience);

        for (var i = 0; i < 8; i++)
        {
            Assert.Contains($"prompt ends with {i}", i % 2 == 0 ? Join(answers[i]) : answers[i]);
        }

        IEnumerable<ScriptedGenerator.Step> Echo(GenerationRequest request)
        {
            if (Interlocked.Increment(ref begun) == 8)
            {
                together.SetResult();
            }

            // Nobody goes on before all have begun.
            yield return new ScriptedGenerator.WaitStep(together.Task);
            var text = Encoding.UTF8.GetString([.. request.Prompt.ToArray().Where(token => token < 256).Select(token => (byte)token)]);
            foreach (var step in ScriptedGenerator.Say($"prompt ends with {text.Split("user ")[1][0]}"))
            {
                yield return step;
            }

            yield return new ScriptedGenerator.EndStep();
        }

        static string Join(string events) => string.Concat(events.Split('\n').Where(line => line.Contains("\"content\":\"", StringComparison.Ordinal))
            .Select(line => line.Split("\"content\":\"")[1].Split('"')[0]));
    }

    [Fact]
    public async Task Connections_IdleByTheThousand_DoNotKeepOthersOut()
    {
        await using var gateway = await TestGateway.StartAsync("x");
        var idle = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 2000; i++)
            {
                var client = new TcpClient();
                idle.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
            }

            await gateway.ChatJsonAsync();
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Garbage_OnThePort_IsRefusedAndHarmsNobody()
    {
        await using var gateway = await TestGateway.StartAsync("x");
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
            var garbage = new byte[1 << 20];
            new Random(7).NextBytes(garbage);
            try
            {
                await client.GetStream().WriteAsync(garbage);
                using var answer = new MemoryStream();
                await client.GetStream().CopyToAsync(answer).WaitAsync(TestGateway.Patience);
                Assert.StartsWith("HTTP/1.1 400", Encoding.ASCII.GetString(answer.ToArray()));
            }
            catch (IOException)
            {
                // Hung up on before all of it was written: just as well.
            }
        }

        await gateway.ChatJsonAsync();
    }

    [Theory]
    [InlineData("true", false)]
    [InlineData("false", false)]
    [InlineData("true", true)]
    [InlineData("false", true)]
    public async Task Gateway_Disposed_EndsRepliesThatRun(string stream, bool onePort)
    {
        var gateway = await StartAsync(onePort, new ScriptedGenerator(_ =>
            ScriptedGenerator.Say("first").Append(new ScriptedGenerator.WaitStep(new TaskCompletionSource().Task))));
        using var client = await SendAsync(gateway, $"\"stream\":{stream}");
        await gateway.Generator.Begun.Task.WaitAsync(TestGateway.Patience);

        await gateway.DisposeAsync().AsTask().WaitAsync(TestGateway.Patience);

        await gateway.Generator.GivenUp.Task.WaitAsync(TestGateway.Patience);
        Assert.Equal(0, gateway.Generator.Active);
    }

    private static Task<TestGateway> StartAsync(bool onePort, ScriptedGenerator generator, GatewayOptions? options = null)
        => onePort ? TestGateway.StartOnePortAsync(generator, options) : TestGateway.StartAsync(generator, options);

    private static async Task<TcpClient> SendAsync(TestGateway gateway, string fields)
    {
        var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        var body = $$"""{"model":"{{TestGateway.Model}}","messages":[{"role":"user","content":"hi"}],{{fields}}}""";
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        return client;
    }

    private static async Task WaitUntilIdleAsync(TestGateway gateway)
    {
        using var late = new CancellationTokenSource(TestGateway.Patience);
        while (gateway.Generator.Active > 0)
        {
            Assert.False(late.IsCancellationRequested, $"{gateway.Generator.Active} replies still run.");
            await Task.Yield();
        }
    }
}
