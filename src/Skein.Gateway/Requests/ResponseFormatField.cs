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
            _ => throw ApiException.Unsupported(format.PathOf("type"), "supported are 'text' and 'json_object'."),
        };
    }
}
