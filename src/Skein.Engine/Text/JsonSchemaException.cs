using Skein.Core.Errors;

namespace Skein.Engine.Text;

/// <summary>A JSON schema cannot be made into a grammar. The message names the place in the schema, never the prompt.</summary>
public sealed class JsonSchemaException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public JsonSchemaException(JsonSchemaError error, string path, string message)
        : base(ErrorCodes.From("json_schema", error), message)
    {
        Error = error;
        Path = path;
    }

    /// <summary>Why.</summary>
    public JsonSchemaError Error { get; }

    /// <summary>JSON pointer to the place in the schema, as a fragment: <c>#/properties/age</c>.</summary>
    public string Path { get; }
}
