using System.Text;
using System.Text.Json;
using Skein.Core.Generation;
using Skein.Engine.Sampling;
using Skein.Engine.Text;
using Skein.Engine.Tokenizing;

namespace Skein.Engine.Tests.Text;

/// <summary>llama.cpp reads these grammars as our recogniser does, and a model that knows nothing still writes JSON by them.</summary>
[Collection(EngineCollection.Name)]
public sealed class NativeGrammarTests : IDisposable
{
    private readonly LlamaTokenizer _tokenizer = LlamaTokenizer.Load(SharedData.SmolLm2);

    public static TheoryData<string> Schemas => new(
        "{}",
        """{"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "maxItems": 4, "items": {"enum": ["a", "b c", "é\"\\"]}}}, "required": ["name", "age"]}""",
        """{"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}, "c": {"type": "boolean"}}}""",
        """{"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"value": {"type": "number", "minimum": -1, "maximum": 1}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}}, "required": ["value", "next"]}}}""",
        """{"type": "array", "prefixItems": [{"type": "string", "minLength": 1, "maxLength": 5}, {"type": "boolean"}], "items": {"type": "integer", "minimum": -12345, "maximum": 9876543210}, "minItems": 1, "maxItems": 5}""",
        """{"type": "object", "additionalProperties": {"type": ["integer", "null"]}}""",
        """{"const": {"fixed": [1, "zwei\n", null]}}""");

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Sample_GrammarOfSchema_WritesWhatTheGrammarAllows(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        WritesWhatItAllows(JsonGrammar.FromSchema(document.RootElement));
    }

    [Fact]
    public void Sample_AnyObject_WritesObjects() => WritesWhatItAllows(JsonGrammar.AnyObject);

    [Fact]
    public void Create_LargestGrammars_AreTaken()
    {
        var properties = string.Join(",", Enumerable.Range(0, 140).Select(i => $$"""
            "property-{{i}}": {"type": "object", "properties": {"text": {"type": "string"}, "number": {"type": "integer", "minimum": {{i}} } } }
            """));
        var deep = string.Concat(Enumerable.Repeat("""{"type": "object", "properties": {"a": """, 25)) + "{}" + string.Concat(Enumerable.Repeat("}}", 25));
        var many = """{"type": "array", "maxItems": 100000, "items": {"type": "string", "maxLength": 100000}}""";
        foreach (var schema in new[] { $"{{\"properties\": {{{properties}}}}}", deep, many })
        {
            using var document = JsonDocument.Parse(schema);
            using var sampler = new LlamaSamplerFactory(_tokenizer).Create(new SamplingOptions { Grammar = JsonGrammar.FromSchema(document.RootElement) }, []);
            Assert.InRange(sampler.Sample(new float[_tokenizer.VocabularySize]), 0, _tokenizer.VocabularySize - 1);
        }
    }

    public void Dispose() => _tokenizer.Dispose();

    private void WritesWhatItAllows(string grammar)
    {
        var recogniser = Gbnf.Parse(grammar);
        var logits = new float[_tokenizer.VocabularySize];
        for (var seed = 1; seed <= 4; seed++)
        {
            var chance = new Random(seed);
            using var sampler = new LlamaSamplerFactory(_tokenizer).Create(new SamplingOptions { Grammar = grammar, Seed = (ulong)seed }, []);
            var bytes = new List<byte>();
            var isComplete = false;
            for (var step = 0; step < 400 && !isComplete; step++)
            {
                for (var i = 0; i < logits.Length; i++)
                {
                    // Leaning towards what closes, more and more, so that the text ends.
                    var piece = Encoding.UTF8.GetString(_tokenizer.TokenBytes(i).Span);
                    logits[i] = chance.NextSingle() + ((piece.AsSpan().ContainsAny("\"]}") || piece.StartsWith('n')) ? Math.Min(step / 4f, 20f) : 0f) + (piece.Length == 1 ? 3f : 0f) + (_tokenizer.IsEndOfGeneration(i) ? 4f : 0f);
                }

                var token = sampler.Sample(logits);
                isComplete = _tokenizer.IsEndOfGeneration(token);
                bytes.AddRange(isComplete ? [] : _tokenizer.TokenBytes(token).ToArray());
            }

            var text = Encoding.UTF8.GetString([.. bytes]);
            Assert.True(isComplete, $"Seed {seed} did not end: {text}");
            Assert.True(recogniser.Matches(text), $"Seed {seed} wrote what the grammar does not allow: {text}");
            JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1000 }).Dispose();
        }
    }
}
