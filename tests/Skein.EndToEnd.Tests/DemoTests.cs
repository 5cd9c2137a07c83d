using System.Diagnostics;
using System.Text.Json;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

public sealed class DemoTests
{
    [Fact]
    public async Task Once_CapitalOfFrance_NamesParisThroughThreeStages()
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("demo", "--once", "What is the capital of France?", "--json");

        Assert.True(exitCode == 0, errors);
        using var report = JsonDocument.Parse(output);
        Assert.Contains("Paris", report.RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(report.RootElement.GetProperty("token_ids").EnumerateArray());
        Assert.True(report.RootElement.GetProperty("tokens_per_second").GetDouble() > 0);
        Assert.True(report.RootElement.GetProperty("time_to_first_token_ms").GetDouble() > 0);
        var stages = report.RootElement.GetProperty("stages").EnumerateArray().ToArray();
        Assert.Equal([(0, 10), (10, 20), (20, 30)], stages.Select(s => (s.GetProperty("first_block").GetInt32(), s.GetProperty("end_block").GetInt32())));
        Assert.Equal(3, stages.Select(s => s.GetProperty("peer").GetString()).Distinct(StringComparer.Ordinal).Count());
        foreach (var stage in stages)
        {
            Assert.True(stage.GetProperty("compute_ms").GetDouble() > 0);
            // Every row of 576 values went in and came out as float32.
            var bytes = stage.GetProperty("rows").GetInt64() * 576 * 4;
            Assert.InRange(stage.GetProperty("bytes_in").GetInt64(), bytes, bytes + (bytes / 4));
        }

        Assert.All(stages[..2], stage => Assert.Equal(stage.GetProperty("bytes_in").GetInt64(), stage.GetProperty("bytes_out").GetInt64()));
        // The last stage sends back only the rows that a token is chosen from.
        var chosen = (report.RootElement.GetProperty("token_ids").GetArrayLength() + 1) * 576 * 4;
        Assert.InRange(stages[2].GetProperty("bytes_out").GetInt64(), chosen, chosen + (chosen / 4));
    }

    [Fact]
    public async Task Once_OtherSplitOfTheSameModel_GivesTheSameText()
    {
        var three = await SkeinProcess.RunAsync("demo", "--once", "Name three colours.", "--max-tokens", "24");
        var five = await SkeinProcess.RunAsync("demo", "--once", "Name three colours.", "--max-tokens", "24", "--nodes", "5");

        Assert.True(three.ExitCode == 0, three.Errors);
        Assert.True(five.ExitCode == 0, five.Errors);
        Assert.NotEqual(string.Empty, three.Output.Trim());
        Assert.Equal(three.Output, five.Output);
    }

    [Fact]
    public async Task Once_PeersFarApart_AnswersTheSameAndNoFasterThanTheLineAllows()
    {
        var (exitCode, output, errors) = await SkeinProcess.RunAsync("demo", "--once", "What is the capital of France?", "--json", "--rtt", "80", "--up", "20");

        Assert.True(exitCode == 0, errors);
        using var report = JsonDocument.Parse(output);
        Assert.Contains("Paris", report.RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
        // Gateway to a, a to b, b to c, c to gateway: four one-way trips of 40 ms a token.
        Assert.InRange(report.RootElement.GetProperty("tokens_per_second").GetDouble(), 0.01, 1000.0 / 160);
        Assert.True(report.RootElement.GetProperty("time_to_first_token_ms").GetDouble() >= 160);
        var roundTrips = report.RootElement.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("rtt_ms").GetDouble()).Prepend(report.RootElement.GetProperty("first_hop_rtt_ms").GetDouble());
        Assert.All(roundTrips, milliseconds => Assert.InRange(milliseconds, 79, 5000));
    }

    [Fact]
    public async Task Demo_Interrupted_LeavesNoProcessBehind()
    {
        await using var demo = SkeinProcess.Start("demo", "--port", "0", "--serve");
        await demo.WaitForOutputAsync("curl ");
        var children = ChildrenOf(demo.Id);
        Assert.Equal(4, children.Count);

        demo.Interrupt();
        await demo.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.All(children, child => Assert.False(IsAlive(child), $"node process {child} outlived the demo"));
    }

    [Fact]
    public async Task Demo_Killed_NodesEndByThemselves()
    {
        await using var demo = SkeinProcess.Start("demo", "--port", "0", "--serve");
        await demo.WaitForOutputAsync("curl ");
        var children = ChildrenOf(demo.Id);
        Assert.Equal(4, children.Count);

        demo.Kill();
        await demo.WaitAsync(TimeSpan.FromSeconds(30));

        var clock = Stopwatch.StartNew();
        while (children.Any(IsAlive) && clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            await Task.Delay(50);
        }

        Assert.All(children, child => Assert.False(IsAlive(child), $"node process {child} outlived the demo"));
    }

    [Fact]
    public async Task Demo_ChatInTheTerminal_AnswersAndExits()
    {
        await using var demo = SkeinProcess.Start("demo", "--port", "0", "--max-tokens", "48");
        await demo.WaitForOutputAsync("curl ");
        demo.WriteLine("What is the capital of France?");
        await demo.WaitForOutputAsync("tokens/s");
        demo.WriteLine("/exit");

        Assert.Equal(0, await demo.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("node-b", demo.Output, StringComparison.Ordinal);
        Assert.Contains("10..19", demo.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--nodes", "0")]
    [InlineData("--nodes", "31")]
    [InlineData("--port", "70000")]
    [InlineData("--rtt", "-1")]
    [InlineData("--up", "0")]
    public async Task Demo_ImpossibleOption_ExitsWithUsage(string option, string value)
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("demo", option, value, "--once", "x");

        Assert.Equal(2, exitCode);
        Assert.Contains(option, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_BlankPrompt_ExitsWithUsage()
    {
        var (exitCode, _, errors) = await SkeinProcess.RunAsync("demo", "--once", " ");

        Assert.Equal(2, exitCode);
        Assert.Contains("--once takes a prompt", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port", "demo", "--serve", "--port", "PORT")]
    [InlineData("--listen", "gateway", "--peer", "127.0.0.1:9", "--listen", "127.0.0.1:PORT")]
    public async Task Port_InUse_IsOneLineThatSaysWhatToDo(string option, params string[] arguments)
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var (exitCode, _, errors) = await SkeinProcess.RunAsync([.. arguments.Select(argument => argument.Replace("PORT", port, StringComparison.Ordinal))]);

        Assert.Equal(2, exitCode);
        Assert.Contains($"Port {port} is in use", errors, StringComparison.Ordinal);
        Assert.Contains(option, errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }

    private static List<int> ChildrenOf(int parent)
        => [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _))
            .Select(name => int.Parse(name!))
            .Where(id => ParentOf(id) == parent)];

    private static int ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static bool IsAlive(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            // A zombie has ended; its parent has yet to ask.
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
