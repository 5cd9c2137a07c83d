using System.Text.Json;
using Skein.Engine.Text;

namespace Skein.Fuzz.Targets;

/// <summary>JSON schemas of clients, made into grammars.</summary>
[Fuzzes(typeof(JsonGrammar), nameof(JsonGrammar.FromSchema))]
public sealed class JsonSchemaTarget : IFuzzTarget
{
    public string Name => "json-schema";

    public void Run(ReadOnlySpan<byte> data)
    {
        try
        {
            using var schema = JsonDocument.Parse(data.ToArray());
            var grammar = JsonGrammar.FromSchema(schema.RootElement);
            FuzzCheck.Holds(grammar.Contains("root ::= ", StringComparison.Ordinal), "a grammar has a root");
            FuzzCheck.Holds(grammar.Length < 80_000, "a grammar stays small");
        }
        catch (Exception refusal) when (refusal is JsonException or JsonSchemaException)
        {
            // Not JSON, or not a schema that can be kept: a fair answer.
        }
    }
}
