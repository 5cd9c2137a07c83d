using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Skein.EndToEnd.Tests.Harness;

/// <summary><c>skein demo --serve</c> in a process of its own, answering.</summary>
internal sealed partial class RunningDemo : IAsyncDisposable
{
    private RunningDemo(SkeinProcess process, Uri address)
    {
        Process = process;
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(3) };
    }

    public SkeinProcess Process { get; }

    public HttpClient Http { get; }

    public Uri Address => Http.BaseAddress!;

    /// <summary>Process ids of its nodes, in the order of their blocks: first those that the table names.</summary>
    public IReadOnlyList<int> NodeIds => [.. NodeRow().Matches(Process.Output).Select(row => int.Parse(row.Groups[1].Value))];

    public static async Task<RunningDemo> StartAsync(params string[] arguments)
    {
        var process = SkeinProcess.Start(["demo", "--serve", "--port", "0", .. arguments]);
        try
        {
            var output = await process.WaitForOutputAsync("curl ");
            return new RunningDemo(process, new Uri(AddressOf().Match(output).Value + "/"));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public async Task<JsonNode> CompleteAsync(JsonObject body)
    {
        using var response = await Http.PostAsJsonAsync("v1/chat/completions", body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    public async Task<string> AnswerAsync(string prompt, int maxTokens)
        => (await CompleteAsync(Ring.Chat(prompt, maxTokens)))["choices"]![0]!["message"]!["content"]!.GetValue<string>();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Process.DisposeAsync();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex AddressOf();

    // │ node-a │ 0..9 │ 127.0.0.1:40001 │ 4711 │
    [GeneratedRegex(@"node-[a-z]\b[^\n]*?(\d+)\D*\n")]
    private static partial Regex NodeRow();
}
