using Skein.Engine.Text;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Requests;

/// <summary>Reads <c>response_format</c>.</summary>
internal static class ResponseFormatField
{
    /// <summary>The grammar that the reply must follow; null for free text.</summary>
    public static string? Grammar(RequestFields fields)
    {
        if (fields.Object("response_format") is not { } format)
        {
            return null;
        }

        return format.RequiredText("type") switch
        {
            "text" => null,
            "json_object" => JsonGrammar.AnyObject,
            "json_schema" => OfSchema(format.Object("json_schema") ?? throw ApiException.Missing(format.PathOf("json_schema"))),
            _ => throw ApiException.Unsupported(format.PathOf("type"), "supported are 'text', 'json_object' and 'json_schema'."),
        };
    }

    private static string OfSchema(RequestFields spec)
    {
        if (!spec.TryGet("schema", out var schema))
        {
            throw ApiException.Missing(spec.PathOf("schema"));
        }

        try
        {
            return JsonGrammar.FromSchema(schema);
        }
        catch (JsonSchemaException e)
        {
            throw e.Error == JsonSchemaError.Unsupported ? ApiException.Unsupported(spec.PathOf("schema"), e.Message) : ApiException.WrongValue(spec.PathOf("schema"), e.Message);
        }
    }
}
