using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Skein.Engine.Text;

namespace Skein.Engine.Tests.Text;

public sealed class JsonGrammarTests
{
    private static readonly Gbnf Any = Gbnf.Parse(JsonGrammar.AnyObject);

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    [Theory]
    [InlineData("{}")]
    [InlineData("{ }")]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a": [1, -2.5e+10, true, false, null, "x\n\u00e9\ud83d\ude00"], "b": {"c": {}}}""")]
    [InlineData("""{"😀": "é\\\"\/"}""")]
    [InlineData("{\n  \"a\": 0,\n  \"b\": [\n    []\n  ]\n}")]
    public void AnyObject_JsonObject_Matches(string text)
    {
        Assert.True(Any.Matches(text));
        JsonDocument.Parse(text).Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("1")]
    [InlineData(" {}")]
    [InlineData("{} ")]
    [InlineData("{}{}")]
    [InlineData("{  }")]
    [InlineData("{a:1}")]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a":.5}""")]
    [InlineData("""{"a":tru}""")]
    [InlineData("""{"a" 1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":"\ud800\u0041"}""")]
    [InlineData("""{"a":"\x"}""")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("""{"a":1e999}""")]
    public void AnyObject_AnythingElse_DoesNotMatch(string text)
        => Assert.False(Any.Matches(text));

    [Fact]
    public void AnyObject_WhateverASerializerWrites_Matches()
        => JsonValues.Object.Sample(json =>
        {
            var node = JsonNode.Parse(json)!;
            Assert.True(Any.Matches(node.ToJsonString()), node.ToJsonString());
            Assert.True(Any.Matches(node.ToJsonString(Indented)), node.ToJsonString(Indented));
        }, iter: 300);

    [Fact]
    public void AnyObject_OneCharacterChanged_MatchesOnlyIfStillAnObject()
        => Gen.Select(JsonValues.Object, Gen.Int[0, 1000], Gen.Char["{}[]\",:\\ntu0 x\n"]).Sample((json, at, replacement) =>
        {
            var changed = json.Remove(at % json.Length, 1).Insert(at % json.Length, replacement.ToString());
            if (Any.Matches(changed))
            {
                using var parsed = JsonDocument.Parse(changed);
                Assert.Equal(JsonValueKind.Object, parsed.RootElement.ValueKind);
            }
        }, iter: 1000);
}
