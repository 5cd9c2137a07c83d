using System.Globalization;
using System.Text.Json;
using CsCheck;
using Skein.Engine.Text;

namespace Skein.Engine.Tests.Text;

public sealed class JsonSchemaGrammarTests
{
    private const string Person = """
        {"type": "object", "title": "Person", "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b c", "é\"\\"]}}},
         "required": ["name", "age"], "additionalProperties": false}
        """;

    private const string Tree = """
        {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"value": {"type": "number"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "required": ["value"]}}}
        """;

    [Theory]
    [InlineData(Person, """{"name":"Ada","age":36}""")]
    [InlineData(Person, """{"name": "Ada", "age": 0, "tags": ["a", "b c", "é\"\\"]}""")]
    [InlineData(Person, "{\n  \"name\": \"\",\n  \"age\": 150,\n  \"tags\": []\n}")]
    [InlineData(Tree, """{"value": 1.5}""")]
    [InlineData(Tree, """{"value": 1, "children": [{"value": 2}, {"value": 3, "children": [{"value": 4}]}]}""")]
    [InlineData("true", """{"a": [1, "x", null]}""")]
    [InlineData("{}", "3")]
    [InlineData("""{"type": "object"}""", """{"any": {"thing": 1}}""")]
    [InlineData("""{"type": ["string", "null"]}""", "null")]
    [InlineData("""{"type": ["string", "null"]}""", "\"x\"")]
    [InlineData("""{"type": "string", "nullable": true}""", "null")]
    [InlineData("""{"const": {"a": [1, "x"]}}""", """{"a":[1,"x"]}""")]
    [InlineData("""{"enum": [1, "one", null, true]}""", "null")]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"x": {"type": "boolean"}}}]}""", """{"x": true}""")]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"x": {"type": "boolean"}}}]}""", "-12")]
    [InlineData("""{"oneOf": [{"type": "integer"}, {"type": "null"}]}""", "null")]
    [InlineData("""{"allOf": [{"type": "boolean"}], "description": "x"}""", "false")]
    [InlineData("""{"type": "object", "additionalProperties": {"type": "integer"}}""", """{"a": 1, "b": 2}""")]
    [InlineData("""{"type": "object", "additionalProperties": {"type": "integer"}}""", "{}")]
    [InlineData("""{"type": "object", "required": ["z"]}""", """{"z": [1]}""")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}""", "[1, 2]")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}""", "[1, 2, 3]")]
    [InlineData("""{"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}""", """["a"]""")]
    [InlineData("""{"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "null"}}""", """["a", 1, null, null]""")]
    [InlineData("""{"items": [{"type": "string"}], "additionalItems": {"type": "integer"}}""", """["a", 1, 2]""")]
    [InlineData("""{"type": "array", "maxItems": 0}""", "[]")]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"é😀\"")]
    [InlineData("""{"type": "string", "format": "date-time"}""", "\"anything\"")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "0.75")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "1.0")]
    [InlineData("""{"type": "number", "minimum": -2}""", "-1.999")]
    [InlineData("""{"$ref": "#/definitions/a~1b", "definitions": {"a/b": {"type": "null"}}}""", "null")]
    [InlineData("""{"type": "object", "properties": {"a/b~c": {"$ref": "#/properties/x"}, "x": {"type": "null"}}}""", """{"a/b~c": null}""")]
    [InlineData("""{"type": "object", "properties": {"self": {"$ref": "#"}}}""", """{"self": {"self": {}}}""")]
    public void FromSchema_ValidText_Matches(string schema, string text)
    {
        Assert.True(Grammar(schema).Matches(text));
        JsonDocument.Parse(text).Dispose();
    }

    [Theory]
    [InlineData(Person, """{"name":"Ada"}""")]
    [InlineData(Person, """{"age":36,"name":"Ada"}""")]
    [InlineData(Person, """{"name":"Ada","age":151}""")]
    [InlineData(Person, """{"name":"Ada","age":-1}""")]
    [InlineData(Person, """{"name":"Ada","age":3.5}""")]
    [InlineData(Person, """{"name":"Ada","age":3,"more":1}""")]
    [InlineData(Person, """{"name":"Ada","age":3,"tags":["c"]}""")]
    [InlineData(Person, """{"name":"Ada","age":3,}""")]
    [InlineData(Person, """{"name":"Ada","age":3} """)]
    [InlineData(Tree, """{"value": 1, "children": [{}]}""")]
    [InlineData("""{"type": "object", "additionalProperties": false}""", """{"a": 1}""")]
    [InlineData("""{"type": "string", "enum": ["a", 1]}""", "1")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}""", "[1]")]
    [InlineData("""{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}""", "[1, 2, 3, 4]")]
    [InlineData("""{"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}""", """["a", 1, 2]""")]
    [InlineData("""{"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2}""", """["a"]""")]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"x\"")]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"xxxx\"")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "1.01")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "-0.5")]
    [InlineData("""{"type": "number", "minimum": -2}""", "-2.5")]
    public void FromSchema_InvalidText_DoesNotMatch(string schema, string text)
        => Assert.False(Grammar(schema).Matches(text));

    [Fact]
    public void FromSchema_AnyObjectOfOptionalAndRequired_TakesEveryOrderedChoiceAndNoOther()
        => Gen.Bool.Array[1, 5].Sample(isRequired =>
        {
            var names = Enumerable.Range(0, isRequired.Length).Select(i => $"p{i}").ToArray();
            var schema = JsonSerializer.Serialize(new
            {
                type = "object",
                properties = names.ToDictionary(name => name, _ => new { type = "integer" }, StringComparer.Ordinal),
                required = names.Where((_, i) => isRequired[i]),
            });
            var grammar = Grammar(schema);
            for (var choice = 0; choice < 1 << names.Length; choice++)
            {
                var chosen = names.Where((_, i) => ((choice >> i) & 1) == 1).ToList();
                var text = "{" + string.Join(",", chosen.Select(name => $"\"{name}\":1")) + "}";
                Assert.Equal(names.Where((_, i) => isRequired[i]).All(chosen.Contains), grammar.Matches(text));
                if (chosen.Count > 1)
                {
                    chosen.Reverse();
                    Assert.False(grammar.Matches("{" + string.Join(",", chosen.Select(name => $"\"{name}\":1")) + "}"));
                }
            }
        }, iter: 60);

    [Fact]
    public void FromSchema_IntegerBounds_TakeExactlyTheNumbersBetween()
        => Gen.Select(Bound, Bound, Bound).Sample((a, b, probe) =>
        {
            var (first, last) = (Math.Min(a, b), Math.Max(a, b));
            var grammar = Grammar(string.Create(CultureInfo.InvariantCulture, $$"""{"type": "integer", "minimum": {{first}}, "maximum": {{last}}}"""));
            foreach (var number in (long[])[first - 1, first, first + 1, last - 1, last, last + 1, probe, (first + last) / 2, 0])
            {
                Assert.Equal(number >= first && number <= last, grammar.Matches(number.ToString(CultureInfo.InvariantCulture)));
            }
        }, iter: 3000);

    [Fact]
    public void FromSchema_ExclusiveAndFractionalBoundsOfIntegers_AreRounded()
    {
        var grammar = Grammar("""{"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 4.5, "minimum": 0.5}""");

        Assert.Equal([2, 3, 4], Enumerable.Range(-3, 12).Where(number => grammar.Matches(number.ToString(CultureInfo.InvariantCulture))));
    }

    [Theory]
    [InlineData("""{"type": "string", "pattern": "a+"}""", JsonSchemaError.Unsupported, "#", "pattern")]
    [InlineData("""{"properties": {"a": {"not": {}}}}""", JsonSchemaError.Unsupported, "#/properties/a", "'not'")]
    [InlineData("""{"type": "array", "uniqueItems": true}""", JsonSchemaError.Unsupported, "#", "uniqueItems")]
    [InlineData("""{"anyOf": [{}], "type": "object"}""", JsonSchemaError.Unsupported, "#", "'type' beside 'anyOf'")]
    [InlineData("""{"allOf": [{"type": "object"}, {"type": "object"}]}""", JsonSchemaError.Unsupported, "#/allOf", "allOf")]
    [InlineData("""{"$ref": "https://example.com/x"}""", JsonSchemaError.Unsupported, "#", "within the schema")]
    [InlineData("""{"type": "number", "exclusiveMinimum": 0}""", JsonSchemaError.Unsupported, "#", "integers alone")]
    [InlineData("""{"type": "number", "minimum": 0.5}""", JsonSchemaError.Unsupported, "#", "whole bounds")]
    [InlineData("""{"type": "object", "minProperties": 2}""", JsonSchemaError.Unsupported, "#", "counts properties")]
    [InlineData("""{"type": "thing"}""", JsonSchemaError.Malformed, "#/type", "a type is one of")]
    [InlineData("""{"type": "object", "properties": []}""", JsonSchemaError.Malformed, "#/properties", "not an object")]
    [InlineData("""{"properties": {"a": {"$ref": "#/$defs/b"}}}""", JsonSchemaError.Malformed, "#/properties/a", "not there")]
    [InlineData("""{"$ref": "#"}""", JsonSchemaError.Malformed, "#", "circle")]
    [InlineData("""{"anyOf": [{"type": "null"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}""", JsonSchemaError.Malformed, "#", "circle")]
    [InlineData("""{"type": "integer", "minimum": 3, "maximum": 2}""", JsonSchemaError.Malformed, "#", "lower bound")]
    [InlineData("""{"enum": []}""", JsonSchemaError.Malformed, "#", "none of its values")]
    [InlineData("""{"anyOf": []}""", JsonSchemaError.Malformed, "#/anyOf", "no alternatives")]
    [InlineData("false", JsonSchemaError.Malformed, "#", "nothing is valid")]
    [InlineData("[]", JsonSchemaError.Malformed, "#", "object or a boolean")]
    [InlineData("""{"required": ["a"], "additionalProperties": false}""", JsonSchemaError.Malformed, "#/additionalProperties", "nothing is valid")]
    [InlineData("""{"type": "array", "minItems": 3, "maxItems": 2}""", JsonSchemaError.Malformed, "#", "more items")]
    [InlineData("""{"type": "array", "minItems": -1}""", JsonSchemaError.Malformed, "#", "not a count")]
    [InlineData("""{"type": "array", "minItems": 5000}""", JsonSchemaError.TooLarge, "#", "1000 items")]
    [InlineData("""{"const": "\ud800"}""", JsonSchemaError.Malformed, "#", "surrogate")]
    [InlineData("""{"properties": {"\ud800": {}}}""", JsonSchemaError.Malformed, "#", "surrogate")]
    public void FromSchema_SchemaThatCannotBeKept_SaysWhatAndWhere(string schema, JsonSchemaError expected, string path, string reason)
    {
        using var document = JsonDocument.Parse(schema);

        var error = Assert.Throws<JsonSchemaException>(() => JsonGrammar.FromSchema(document.RootElement));
        Assert.Equal(expected, error.Error);
        Assert.Equal(path, error.Path);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("json_schema.", error.Code, StringComparison.Ordinal);
    }

    [Fact]
    public void FromSchema_HugeSchemas_AreRefusedQuickly()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"items":""", 60)) + "{}" + new string('}', 60);
        var wide = "{\"properties\":{" + string.Join(",", Enumerable.Range(0, 20_000).Select(i => $"\"p{i}\":{{}}")) + "}}";
        var choices = "{\"enum\":[" + string.Join(",", Enumerable.Range(0, 50_000)) + "]}";
        var chain = "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(",", Enumerable.Range(0, 2000).Select(i => $"\"d{i}\":{{\"anyOf\":[{{\"$ref\":\"#/$defs/d{i + 1}\"}},{{\"type\":\"null\"}}]}}")) + ",\"d2000\":{}}}";
        var doubling = "{\"$ref\":\"#/$defs/d0\",\"$defs\":{" + string.Join(",", Enumerable.Range(0, 400).Select(i => $"\"d{i}\":{{\"anyOf\":[{{\"$ref\":\"#/$defs/d{i + 1}\"}},{{\"items\":{{\"$ref\":\"#/$defs/d{i + 1}\"}}}}]}}")) + ",\"d400\":{}}}";

        foreach (var schema in new[] { deep, wide, choices, chain })
        {
            using var document = JsonDocument.Parse(schema);
            Assert.Equal(JsonSchemaError.TooLarge, Assert.Throws<JsonSchemaException>(() => JsonGrammar.FromSchema(document.RootElement)).Error);
        }

        using var shared = JsonDocument.Parse(doubling);
        Assert.NotEmpty(JsonGrammar.FromSchema(shared.RootElement));
    }

    [Fact]
    public void FromSchema_OptionalPropertiesNested_StaysSmall()
    {
        var schema = """{"type": "string"}""";
        for (var i = 0; i < 12; i++)
        {
            schema = $$$"""{"type": "object", "properties": {"a": {{{schema}}}, "b": {"type": "integer"}, "c": {"type": "null"} }}""";
        }

        using var document = JsonDocument.Parse(schema);
        var grammar = JsonGrammar.FromSchema(document.RootElement);
        Assert.True(grammar.Length < 10_000, $"{grammar.Length} characters");
        Assert.True(Gbnf.Parse(grammar).Matches("""{"a": {"a": {"b": 1}, "c": null}, "b": 2}"""));
    }

    private static readonly Gen<long> Bound = Gen.OneOf(Gen.Long[-120, 120], Gen.Long[-100_000, 100_000], Gen.Long[-1_000_000_000_000, 1_000_000_000_000], Gen.OneOf<long>(0, 9, 10, 99, 100, 999, 1000, -9, -10, -99, -100));

    private static Gbnf Grammar(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return Gbnf.Parse(JsonGrammar.FromSchema(document.RootElement));
    }
}
