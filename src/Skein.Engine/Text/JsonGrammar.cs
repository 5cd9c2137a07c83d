using System.Text.Json;
using Skein.Core.Decoding;

namespace Skein.Engine.Text;

/// <summary>Grammars in GBNF, rooted at <c>root</c>, that hold a reply to JSON (RFC 8259).</summary>
/// <remarks>
/// Narrower than JSON where a model could otherwise go on for ever or write what readers refuse: white space only inside brackets and after commas and colons, at most one blank, or one line break with 20 blanks of indentation;
/// numbers that fit a double; no lone surrogates in escapes; nothing before or after the value.
/// </remarks>
public static class JsonGrammar
{
    /// <summary>Rules that every JSON grammar shares: <c>value</c> is any JSON value.</summary>
    internal const string Rules =
        """
        value ::= object | array | string | number | boolean | "null"
        object ::= "{" ws (member ("," ws member)* ws)? "}"
        member ::= string ":" ws value
        array ::= "[" ws (value ("," ws value)* ws)? "]"
        string ::= "\"" char* "\""
        char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" unit)
        unit ::= [0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex | [dD] [89abAB] hex hex "\\u" [dD] [c-fC-F] hex hex
        hex ::= [0-9a-fA-F]
        number ::= integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?
        integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
        boolean ::= "true" | "false"
        ws ::= (" " | "\n" [ \t]{0,20})?

        """;

    /// <summary>Any JSON object: <c>response_format</c> <c>json_object</c>.</summary>
    public const string AnyObject = "root ::= object\n" + Rules;

    /// <summary>Makes the grammar of a JSON schema: <c>response_format</c> <c>json_schema</c>.</summary>
    /// <param name="schema">
    /// A schema of any draft: <c>type</c>, <c>properties</c>, <c>required</c>, <c>additionalProperties</c>, <c>items</c>, <c>prefixItems</c>, <c>minItems</c>, <c>maxItems</c>, <c>enum</c>, <c>const</c>, <c>anyOf</c>, <c>oneOf</c>,
    /// <c>allOf</c> of one schema, <c>minLength</c>, <c>maxLength</c>, bounds of integers and whole bounds of numbers, <c>nullable</c>, and <c>$ref</c> within the schema.
    /// </param>
    /// <returns>
    /// A grammar whose every text satisfies the schema (of several <c>oneOf</c> that overlap, it may satisfy more than one). It is narrower than the schema where that keeps it small: properties come in the schema's order,
    /// others than those named appear only where none is named, and <c>format</c> is not looked at.
    /// </returns>
    /// <exception cref="JsonSchemaException">The schema is malformed, too large, or has a keyword that the grammar could not keep; the message names the place.</exception>
    [Decoder]
    public static string FromSchema(JsonElement schema) => new JsonSchemaCompiler(schema).Compile();
}
