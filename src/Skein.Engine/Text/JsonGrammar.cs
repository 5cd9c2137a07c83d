namespace Skein.Engine.Text;

/// <summary>Grammars in GBNF, rooted at <c>root</c>, that hold a reply to JSON (RFC 8259).</summary>
/// <remarks>
/// Narrower than JSON where a model could otherwise go on for ever or write what readers refuse: at most one blank, or one line break with 20 blanks of indentation, between tokens;
/// numbers that fit a double; no lone surrogates in escapes; nothing before or after the value.
/// </remarks>
public static class JsonGrammar
{
    /// <summary>Rules that every JSON grammar shares: <c>value</c> is any JSON value.</summary>
    internal const string Rules =
        """
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws (member ("," ws member)*)? "}" ws
        member ::= string ":" ws value
        array ::= "[" ws (value ("," ws value)*)? "]" ws
        string ::= "\"" char* "\"" ws
        char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" unit)
        unit ::= [0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex | [dD] [89abAB] hex hex "\\u" [dD] [c-fC-F] hex hex
        hex ::= [0-9a-fA-F]
        number ::= integer-part ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})? ws
        integer-part ::= "-"? ("0" | [1-9] [0-9]{0,15})
        ws ::= (" " | "\n" [ \t]{0,20})?

        """;

    /// <summary>Any JSON object: <c>response_format</c> <c>json_object</c>.</summary>
    public const string AnyObject =
        """
        root ::= "{" ws (member ("," ws member)*)? "}"

        """ + Rules;
}
