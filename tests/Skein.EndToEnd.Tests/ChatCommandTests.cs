using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

[Collection(nameof(RingFixture))]
public sealed class ChatCommandTests(RingFixture fixture)
{
    [Theory]
    [InlineData(false, "f32")]
    [InlineData(true, "f32")]
    [InlineData(true, "f16")]
    public async Task Chat_ThroughAGatewayOrTheRingItself_Answers(bool drivesTheRing, string codec)
    {
        string[] way = drivesTheRing
            ? ["--model", Ring.Model, "--codec", codec, .. fixture.Ring.Ports.SelectMany(port => new[] { "--peer", FormattableString.Invariant($"127.0.0.1:{port}") })]
            : ["--gateway", fixture.Ring.Http.BaseAddress!.ToString()];
        await using var chat = SkeinProcess.Start(["chat", .. way, "--temperature", "0", "--max-tokens", "24"]);

        chat.WriteLine("What is the capital of France?");
        await chat.WaitForOutputAsync("tokens/s");
        chat.WriteLine("/exit");

        Assert.Equal(0, await chat.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("Paris", chat.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_NoGatewayThere_SaysSo()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("chat", "--gateway", "http://127.0.0.1:9");

        Assert.Equal(1, exitCode);
        Assert.Contains("127.0.0.1:9", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }
}
