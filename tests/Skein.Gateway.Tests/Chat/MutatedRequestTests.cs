using System.Text.Json.Nodes;
using CsCheck;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Chat;

/// <summary>Requests that are nearly right: whatever a client sends, it gets an answer or is told what is wrong, never an internal error.</summary>
public sealed class MutatedRequestTests
{
    private const string Chat =
        """
        {"model":"test-model","messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":"b","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"d"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto","n":2,"stop":["x"],"max_tokens":5,"seed":1,"temperature":0.5,"top_p":0.5,"min_p":0.1,"top_k":4,
        "repetition_penalty":1.1,"frequency_penalty":0.5,"presence_penalty":0.5,"logit_bias":{"65":1},"logprobs":true,"top_logprobs":2,"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object","properties":{"a":{"enum":["b",1]}},"required":["a"]}}},"stream":true,"stream_options":{"include_usage":true},"x_skein":true}
        """;

    private const string Completion =
        """
        {"model":"test-model","prompt":["a",[98]],"n":2,"best_of":2,"suffix":"","echo":false,"logprobs":2,"stop":"x","max_tokens":5,"seed":1,"temperature":0.5,"logit_bias":{"65":1},"stream":false,"x_skein":true}
        """;

    private static readonly Gen<string> Values = Gen.OneOf(
        "null", "true", "0", "-1", "1.5", "1e400", "9223372036854775807", "99999999999999999999999", "\"\"", "\"x\"", "\"auto\"", "\"text\"", "\"<|im_end|>\"", "\"\\u0000\"", "\"\\ufdd0\"", "\"\\ud800\"", "[]", "{}",
        "[null]", "[[]]", "[{}]", "{\"type\":null}", "{\"\":0}", "[1,\"a\"]", "[\"\\udc00\"]", "{\"65\":\"x\"}", "{\"type\":\"function\",\"function\":{\"name\":[]}}");

    [Theory]
    [InlineData("/v1/chat/completions", Chat)]
    [InlineData("/v1/completions", Completion)]
    public async Task Request_Mutated_IsNeverAnInternalError(string path, string valid)
    {
        await using var gateway = await TestGateway.StartAsync("reply");
        using (var untouched = await gateway.PostAsync(path, valid))
        {
            Assert.True(untouched.IsSuccessStatusCode, await untouched.Content.ReadAsStringAsync());
        }

        var refused = 0;
        await Gen.Select(Gen.Int[0, 1000], Values, Gen.Bool).SampleAsync(async (place, value, remove) =>
        {
            using var response = await gateway.PostAsync(path, Mutate(valid, place, value, remove));
            var text = await response.Content.ReadAsStringAsync();

            Assert.True((int)response.StatusCode is 200 or 400 or 404, $"{response.StatusCode}: {text}");
            Assert.DoesNotContain("\"internal_error\"", text);
            refused += response.IsSuccessStatusCode ? 0 : 1;
        }, iter: 400, threads: 1);
        Assert.True(refused > 20, $"Only {refused} were refused: the mutations do not bite.");
    }

    // As text: a node could not hold numbers and strings that no reader takes.
    private static string Mutate(string valid, int place, string value, bool remove)
    {
        const string Mark = "\"@@@\"";
        var root = JsonNode.Parse(valid)!;
        var nodes = new List<JsonNode>();
        Collect(root);
        var node = nodes[place % nodes.Count];
        switch (node.Parent)
        {
            case JsonObject parent when remove:
                parent.Remove(node.GetPropertyName());
                break;
            case JsonObject parent:
                parent[node.GetPropertyName()] = "@@@";
                break;
            case JsonArray parent:
                parent[node.GetElementIndex()] = "@@@";
                break;
        }

        return root.ToJsonString().Replace(Mark, value, StringComparison.Ordinal);

        void Collect(JsonNode node)
        {
            foreach (var child in node is JsonObject container ? container.Select(member => member.Value) : node is JsonArray list ? list : Enumerable.Empty<JsonNode?>())
            {
                if (child is not null)
                {
                    nodes.Add(child);
                    Collect(child);
                }
            }
        }
    }
}
