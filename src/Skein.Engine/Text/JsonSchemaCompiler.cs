using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Skein.Engine.Text;

/// <summary>Makes one JSON schema into one grammar. Each schema that a reference names becomes a rule; the rest is written in place.</summary>
internal sealed class JsonSchemaCompiler(JsonElement root)
{
    // OpenAI allows five levels; the JSON reader 64. Each costs some hundred bytes of stack here and in llama.cpp's parser, which nests as deep.
    private const int MaxDepth = 30;

    // Half of what the sampler takes: llama.cpp walks the rules for every token of the vocabulary.
    private const int MaxLength = 64 * 1024;

    // llama.cpp writes a repetition out as so many rules.
    private const int MaxRepetitions = 1000;

    // Rules that refer to each other are followed by recursion.
    private const int MaxReferences = 500;

    // Optional ones nest in the grammar.
    private const int MaxPrefixItems = 32;

    // Longer ones are cut in error messages: they may be anything.
    private const int MaxQuoted = 60;

    private static readonly string[] Unsupported =
    [
        "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems",
        "contains", "minContains", "maxContains", "pattern", "multipleOf", "$dynamicRef", "$recursiveRef",
    ];

    // Keywords that narrow what is valid, so that they cannot just be dropped beside a reference or alternatives.
    private static readonly string[] Narrowing =
    [
        "$ref", "type", "enum", "const", "anyOf", "oneOf", "allOf", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems",
        "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minProperties", "maxProperties",
    ];

    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _beginnings = new(StringComparer.Ordinal);
    private readonly Queue<(string Name, JsonElement Schema, string Path)> _pending = new();
    private readonly HashSet<string> _ending = new(StringComparer.Ordinal);
    private readonly StringBuilder _rules = new();
    private string _rule = "root";
    private int _parts;
    private int _depth;

    /// <summary>Writes the grammar.</summary>
    public string Compile()
    {
        try
        {
            _names["#"] = "root";
            _pending.Enqueue(("root", root, "#"));
            while (_pending.TryDequeue(out var next))
            {
                _rule = next.Name;
                _beginnings[_rule] = new HashSet<string>(StringComparer.Ordinal);
                AddRule(_rule, Expression(next.Schema, next.Path), next.Path);
            }
        }
        catch (InvalidOperationException)
        {
            // What the JSON reader throws for text that is no text.
            throw Malformed("#", "a string holds half a surrogate pair");
        }

        foreach (var (path, name) in _names)
        {
            RequireEnd(name, path, []);
        }

        return _rules.Append(JsonGrammar.Rules).ToString();
    }

    private void AddRule(string name, string expression, string path)
    {
        if (_rules.Length + expression.Length > MaxLength)
        {
            throw TooLarge(path, $"its grammar would be longer than {MaxLength:N0} characters");
        }

        _rules.Append(name).Append(" ::= ").Append(expression).Append('\n');
    }

    /// <summary>What a schema allows, as one expression that binds like a symbol or is put in parentheses by the caller.</summary>
    private string Expression(JsonElement schema, string path)
    {
        if (++_depth > MaxDepth)
        {
            throw TooLarge(path, $"it nests deeper than {MaxDepth} levels");
        }

        var expression = schema.ValueKind switch
        {
            JsonValueKind.True => "value",
            JsonValueKind.False => throw Malformed(path, "nothing is valid against 'false'"),
            JsonValueKind.Object => ObjectSchema(schema, path),
            _ => throw Malformed(path, "a schema is an object or a boolean"),
        };
        _depth--;
        return expression.Length <= MaxLength ? expression : throw TooLarge(path, $"its grammar would be longer than {MaxLength:N0} characters");
    }

    private string ObjectSchema(JsonElement schema, string path)
    {
        foreach (var keyword in Unsupported)
        {
            if (schema.TryGetProperty(keyword, out _))
            {
                throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema has the keyword '{keyword}' at {path}, which is not supported. Remove it, and check the reply for it.");
            }
        }

        var expression =
            schema.TryGetProperty("$ref", out var reference) ? Alone(schema, "$ref", path) ?? Reference(reference, path)
            : schema.TryGetProperty("allOf", out var all) ? Alone(schema, "allOf", path) ?? AllOf(all, $"{path}/allOf")
            : schema.TryGetProperty("anyOf", out var any) ? Alone(schema, "anyOf", path) ?? AnyOf(any, $"{path}/anyOf")
            : schema.TryGetProperty("oneOf", out var one) ? Alone(schema, "oneOf", path) ?? AnyOf(one, $"{path}/oneOf")
            : schema.TryGetProperty("const", out var constant) ? Literals([constant], schema, path)
            : schema.TryGetProperty("enum", out var values) ? Literals([.. List(values, $"{path}/enum")], schema, path)
            : Typed(schema, path);
        return Flag(schema, "nullable", path) ? $"{Group(expression)} | \"null\"" : expression;
    }

    /// <summary>Null; fails if something beside the keyword narrows the schema further.</summary>
    private static string? Alone(JsonElement schema, string keyword, string path)
    {
        foreach (var other in Narrowing)
        {
            if (other != keyword && schema.TryGetProperty(other, out _))
            {
                throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema has '{other}' beside '{keyword}' at {path}, which is not supported. Write it into each of the alternatives.");
            }
        }

        return null;
    }

    private string Reference(JsonElement reference, string path)
    {
        var target = reference.ValueKind == JsonValueKind.String ? reference.GetString()! : throw Malformed(path, "'$ref' is not a string");
        if (!_names.TryGetValue(target, out var name))
        {
            if (_names.Count > MaxReferences)
            {
                throw TooLarge(path, $"it refers to more than {MaxReferences} places");
            }

            name = $"ref-{_names.Count.ToString(CultureInfo.InvariantCulture)}";
            _pending.Enqueue((name, Resolve(target, path), target));
            _names.Add(target, name);
        }

        _beginnings[_rule].Add(name);
        return name;
    }

    private JsonElement Resolve(string target, string path)
    {
        if (target != "#" && !target.StartsWith("#/", StringComparison.Ordinal))
        {
            throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema refers to '{Quote(target)}' at {path}; references within the schema alone are supported, such as '#/$defs/name'.");
        }

        var found = root;
        foreach (var part in target.Split('/').Skip(1))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var isThere = found.ValueKind switch
            {
                JsonValueKind.Object => found.TryGetProperty(name, out found),
                JsonValueKind.Array when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < found.GetArrayLength() => (found = found[index]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!isThere)
            {
                throw Malformed(path, $"'$ref' leads to '{Quote(target)}', which is not there");
            }
        }

        return found;
    }

    private string AllOf(JsonElement all, string path)
    {
        var schemas = List(all, path);
        return schemas.Count == 1
            ? Expression(schemas[0], $"{path}/0")
            : throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema joins {schemas.Count} schemas by 'allOf' at {path}; only one is supported. Write them as one.");
    }

    private string AnyOf(JsonElement any, string path)
    {
        var alternatives = List(any, path).Select((schema, index) => Group(Expression(schema, $"{path}/{index}"))).ToList();
        return alternatives.Count > 0 ? string.Join(" | ", alternatives.Distinct(StringComparer.Ordinal)) : throw Malformed(path, "it has no alternatives");
    }

    private static string Literals(List<JsonElement> values, JsonElement schema, string path)
    {
        var types = TypesOf(schema, path);
        var literals = values.Where(value => types is null || types.Exists(type => IsOf(value, type))).Select(value => Literal(Json(value))).ToList();
        return literals.Count > 0 ? string.Join(" | ", literals.Distinct(StringComparer.Ordinal)) : throw Malformed(path, "none of its values has its type");
    }

    private string Typed(JsonElement schema, string path)
    {
        var types = TypesOf(schema, path);
        if (types is null)
        {
            // Without a type, keywords narrow values of their own type only; one kind of keyword is read as naming the type.
            types = Has(schema, "properties", "required", "additionalProperties", "minProperties", "maxProperties") ? ["object"]
                : Has(schema, "items", "prefixItems", "minItems", "maxItems", "uniqueItems") ? ["array"]
                : Has(schema, "minLength", "maxLength") ? ["string"]
                : Has(schema, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") ? ["number"]
                : null;
        }

        return types is null ? "value" : string.Join(" | ", types.Distinct(StringComparer.Ordinal).Select(type => OfType(type, schema, path)));
    }

    private string OfType(string type, JsonElement schema, string path) => type switch
    {
        "object" => Object(schema, path),
        "array" => Array(schema, path),
        "string" => String(schema, path),
        "integer" => Integer(schema, path),
        "number" => Number(schema, path),
        "boolean" => "boolean",
        _ => "\"null\"",
    };

    private string Object(JsonElement schema, string path)
    {
        var required = schema.TryGetProperty("required", out var names)
            ? List(names, $"{path}/required").Select(name => name.ValueKind == JsonValueKind.String ? name.GetString()! : throw Malformed($"{path}/required", "it holds something else than names")).ToList()
            : [];
        var hasOthers = schema.TryGetProperty("additionalProperties", out var others);
        var properties = new List<(string Name, JsonElement Schema, string Path)>();
        if (schema.TryGetProperty("properties", out var given))
        {
            if (given.ValueKind != JsonValueKind.Object)
            {
                throw Malformed($"{path}/properties", "it is not an object");
            }

            properties.AddRange(given.EnumerateObject().Select(property => (property.Name, property.Value, $"{path}/properties/{property.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}")));
        }

        foreach (var name in required.Distinct(StringComparer.Ordinal).Where(name => properties.TrueForAll(property => property.Name != name)).ToList())
        {
            properties.Add((name, hasOthers ? others : default, $"{path}/additionalProperties"));
        }

        if (properties.Count == 0)
        {
            RequireCounts(schema, path, 0, hasOthers && others.ValueKind == JsonValueKind.False ? 0 : null);
            return !hasOthers || others.ValueKind == JsonValueKind.True ? "object"
                : others.ValueKind == JsonValueKind.False ? "\"{\" ws \"}\""
                : Braces($"string \":\" ws {Inside(others, $"{path}/additionalProperties")}", isOptional: true, repeats: true);
        }

        RequireCounts(schema, path, required.Distinct(StringComparer.Ordinal).Count(), properties.Count);
        var members = properties.ConvertAll(property => $"{Literal(Quoted(property.Name))} \":\" ws {(property.Schema.ValueKind == JsonValueKind.Undefined ? "value" : Inside(property.Schema, property.Path))}");
        return Braces(Members(members, properties.ConvertAll(property => required.Contains(property.Name, StringComparer.Ordinal)), path), required.Count == 0, repeats: false);
    }

    private static string Braces(string members, bool isOptional, bool repeats)
    {
        var content = repeats ? $"{members} (\",\" ws {members})*" : members;
        return isOptional ? $"\"{{\" ws ({content} ws)? \"}}\"" : $"\"{{\" ws {content} ws \"}}\"";
    }

    /// <summary>Members in their order, those that are not required left out at will: at least one of them.</summary>
    /// <remarks>From the last to the first, two rules a member: what may follow when a member stands before, and what when none does.</remarks>
    private string Members(List<string> members, List<bool> isRequired, string path)
    {
        // Up to the first required member anything may come first; from there on each one follows another.
        var firstRequired = isRequired.IndexOf(true);
        var following = string.Empty;
        var leading = string.Empty;
        for (var i = members.Count - 1; i >= 0; i--)
        {
            var member = members[i];
            var mayLead = firstRequired < 0 || i <= firstRequired;
            if (mayLead)
            {
                member = i > 0 ? Symbol(member, path) : member;
                var isLastChoice = i == firstRequired || (firstRequired < 0 && i == members.Count - 1);
                var lead = $"{member}{following}";
                leading = isLastChoice ? lead : $"{lead} | {Symbol(leading, path)}";
            }

            if (i > 0)
            {
                following = isRequired[i] ? $" \",\" ws {member}{following}" : $" (\",\" ws {member})?{following}";
                following = " " + Symbol(following.TrimStart(), path);
            }
        }

        return Group(leading);
    }

    /// <summary>Gives an expression a rule of its own, so that what uses it twice does not double it.</summary>
    private string Symbol(string expression, string path)
    {
        if (!expression.Contains(' ', StringComparison.Ordinal))
        {
            return expression;
        }

        var name = $"part-{_parts++.ToString(CultureInfo.InvariantCulture)}";
        AddRule(name, expression, path);
        return name;
    }

    private string Array(JsonElement schema, string path)
    {
        if (Flag(schema, "uniqueItems", path))
        {
            throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema has the keyword 'uniqueItems' at {path}, which is not supported. Remove it, and check the reply for it.");
        }

        var least = Count(schema, "minItems", path) ?? 0;
        var most = Count(schema, "maxItems", path);
        var fixedItems = schema.TryGetProperty("prefixItems", out var prefix) ? List(prefix, $"{path}/prefixItems") : [];
        var hasItems = schema.TryGetProperty("items", out var items);
        if (hasItems && items.ValueKind == JsonValueKind.Array)
        {
            // Until 2019 a list of schemas stood here.
            (fixedItems, hasItems) = (List(items, $"{path}/items"), schema.TryGetProperty("additionalItems", out items));
        }

        if (fixedItems.Count > MaxPrefixItems)
        {
            throw TooLarge(path, $"it has more than {MaxPrefixItems} schemas for single items");
        }

        if (hasItems && items.ValueKind == JsonValueKind.False)
        {
            most = Math.Min(most ?? int.MaxValue, fixedItems.Count);
        }

        if (most < least)
        {
            throw Malformed(path, "it must have more items than it may have");
        }

        if (least > MaxRepetitions)
        {
            throw TooLarge(path, $"more than {MaxRepetitions} items are required");
        }

        if (most == 0)
        {
            return "\"[\" ws \"]\"";
        }

        // As many fixed items as the length allows, each able to be the last one once enough are there; then any number of the others.
        var others = most > fixedItems.Count || most is null ? hasItems ? Inside(items, $"{path}/items") : "value" : null;
        var rest = string.Empty;
        if (others is not null)
        {
            var (from, to) = (Math.Max(0, least - Math.Max(fixedItems.Count, 1)), most is null ? null : (int?)Math.Min(most.Value - Math.Max(fixedItems.Count, 1), MaxRepetitions));
            rest = to == 0 ? string.Empty : $" (\",\" ws {others}){Repetition(from, to)}";
        }

        var count = Math.Min(fixedItems.Count, most ?? int.MaxValue);
        for (var i = count - 1; i >= 1; i--)
        {
            var item = $"\",\" ws {Inside(fixedItems[i], $"{path}/prefixItems/{i}")}{rest}";
            rest = i < least ? $" {item}" : $" ({item})?";
        }

        var first = count > 0 ? Inside(fixedItems[0], $"{path}/prefixItems/0") : others;
        return least > 0 ? $"\"[\" ws {first}{rest} ws \"]\"" : $"\"[\" ws ({first}{rest} ws)? \"]\"";
    }

    private static string String(JsonElement schema, string path)
    {
        var least = Count(schema, "minLength", path) ?? 0;
        var most = Count(schema, "maxLength", path);
        if (most < least)
        {
            throw Malformed(path, "a text must be longer than it may be");
        }

        if (least > MaxRepetitions)
        {
            throw TooLarge(path, $"a text must have more than {MaxRepetitions} characters");
        }

        return least == 0 && most is null ? "string" : $"\"\\\"\" char{Repetition(least, most is null ? null : Math.Min(most.Value, MaxRepetitions))} \"\\\"\"";
    }

    private static string Integer(JsonElement schema, string path)
    {
        if (!HasBounds(schema))
        {
            return "integer";
        }

        var first = Bound(schema, "minimum", path) is { } least ? decimal.Ceiling(least) : -DigitRanges.Largest;
        var last = Bound(schema, "maximum", path) is { } most ? decimal.Floor(most) : DigitRanges.Largest;
        first = Bound(schema, "exclusiveMinimum", path) is { } above ? Math.Max(first, decimal.Floor(above) + 1) : first;
        last = Bound(schema, "exclusiveMaximum", path) is { } below ? Math.Min(last, decimal.Ceiling(below) - 1) : last;
        return Between(first, last, path, (low, high) => $"({DigitRanges.Between(low, high)})");
    }

    private static string Number(JsonElement schema, string path)
    {
        if (!HasBounds(schema))
        {
            return "number";
        }

        if (Has(schema, "exclusiveMinimum", "exclusiveMaximum"))
        {
            throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema excludes the bound of a number at {path}, which is supported for integers alone. Use 'minimum' or 'maximum'.");
        }

        var first = Bound(schema, "minimum", path) ?? -DigitRanges.Largest;
        var last = Bound(schema, "maximum", path) ?? DigitRanges.Largest;
        if (decimal.Truncate(first) != first || decimal.Truncate(last) != last)
        {
            throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema bounds a number by a fraction at {path}; only whole bounds are supported.");
        }

        // Below the upper end any fraction may follow; on it only zeros.
        return Between(first, last, path, (low, high) => low == high
            ? $"\"{low}\" (\".\" \"0\"{{1,16}})?"
            : $"(({DigitRanges.Between(low, high - 1)}) (\".\" [0-9]{{1,16}})? | \"{high}\" (\".\" \"0\"{{1,16}})?)");
    }

    /// <summary>Numbers of either sign between bounds, out of those without a sign.</summary>
    private static string Between(decimal first, decimal last, string path, Func<long, long, string> unsigned)
    {
        if (first > last)
        {
            throw Malformed(path, "the lower bound is above the upper one");
        }

        var low = (long)Math.Clamp(first, -DigitRanges.Largest, DigitRanges.Largest);
        var high = (long)Math.Clamp(last, -DigitRanges.Largest, DigitRanges.Largest);
        if (low > last || high < first)
        {
            throw TooLarge(path, "its bounds have more than 16 digits");
        }

        var negative = low < 0 ? $"\"-\" {unsigned(Math.Max(0, -high), -low)}" : null;
        var positive = high >= 0 ? unsigned(Math.Max(0, low), high) : null;
        return negative is null ? positive! : positive is null ? negative : $"({negative} | {positive})";
    }

    /// <summary>A schema inside brackets, as one symbol: what it begins with does not begin the rule.</summary>
    private string Inside(JsonElement schema, string path)
    {
        var beginnings = _beginnings[_rule];
        _beginnings[_rule] = new HashSet<string>(StringComparer.Ordinal);
        var expression = Expression(schema, path);
        _beginnings[_rule] = beginnings;
        return Symbol(expression, path);
    }

    /// <summary>Refuses rules that begin with themselves: no text could ever satisfy them.</summary>
    private void RequireEnd(string name, string path, HashSet<string> open)
    {
        if (_ending.Contains(name))
        {
            return;
        }

        if (!open.Add(name))
        {
            throw Malformed(path, "'$ref' leads in a circle");
        }

        foreach (var beginning in _beginnings[name])
        {
            RequireEnd(beginning, path, open);
        }

        _ending.Add(name);
    }

    private static void RequireCounts(JsonElement schema, string path, int required, int? named)
    {
        var least = Count(schema, "minProperties", path) ?? 0;
        var most = Count(schema, "maxProperties", path);
        if (least > required || most < (named ?? int.MaxValue))
        {
            throw new JsonSchemaException(JsonSchemaError.Unsupported, path, $"The JSON schema counts properties at {path}, which is not supported. Name those that are required.");
        }
    }

    private static List<string>? TypesOf(JsonElement schema, string path)
    {
        if (!schema.TryGetProperty("type", out var type))
        {
            return null;
        }

        var types = type.ValueKind == JsonValueKind.Array ? List(type, $"{path}/type") : [type];
        return types.Count > 0
            ? types.ConvertAll(name => name.ValueKind == JsonValueKind.String && Types.Contains(name.GetString()!, StringComparer.Ordinal) ? name.GetString()! : throw Malformed($"{path}/type", $"a type is one of {string.Join(", ", Types)}"))
            : throw Malformed($"{path}/type", "it names no type");
    }

    private static bool IsOf(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out var number) && decimal.Truncate(number) == number),
        _ => type == "null",
    };

    private static bool Has(JsonElement schema, params ReadOnlySpan<string> keywords)
    {
        foreach (var keyword in keywords)
        {
            if (schema.TryGetProperty(keyword, out _))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasBounds(JsonElement schema) => Has(schema, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");

    private static bool Flag(JsonElement schema, string keyword, string path)
        => schema.TryGetProperty(keyword, out var value) && (value.ValueKind == JsonValueKind.True || (value.ValueKind == JsonValueKind.False ? false : throw Malformed(path, $"'{keyword}' is not a boolean")));

    private static int? Count(JsonElement schema, string keyword, string path)
        => !schema.TryGetProperty(keyword, out var value) ? null
            : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= 0 && decimal.Truncate(number) == number ? (int)Math.Min(number, int.MaxValue)
            : throw Malformed(path, $"'{keyword}' is not a count");

    private static decimal? Bound(JsonElement schema, string keyword, string path)
        => !schema.TryGetProperty(keyword, out var value) ? null
            : value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && Math.Abs(number) < decimal.MaxValue / 2 ? number
            : throw Malformed(path, $"'{keyword}' is not a number that could be a bound");

    private static List<JsonElement> List(JsonElement value, string path)
        => value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Malformed(path, "it is not an array");

    /// <summary>A value as compact JSON.</summary>
    private static string Json(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", value.EnumerateObject().Select(property => $"{Quoted(property.Name)}:{Json(property.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(",", value.EnumerateArray().Select(item => Json(item))) + "]",
        JsonValueKind.String => Quoted(value.GetString()!),
        _ => value.GetRawText(),
    };

    /// <summary>A JSON string with as few escapes as possible: what models write.</summary>
    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            quoted.Append(character switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < ' ' or '\x7f' => $"\\u{(int)character:x4}",
                _ => character.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>Text as a terminal of the grammar. JSON has no raw control characters, so two escapes are enough.</summary>
    private static string Literal(string json) => $"\"{json.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Group(string expression) => expression.Contains(' ', StringComparison.Ordinal) ? $"({expression})" : expression;

    private static string Repetition(int from, int? to) => (from, to) switch
    {
        (0, null) => "*",
        (1, null) => "+",
        (0, 1) => "?",
        (_, null) => $"{{{from},}}",
        _ when from == to => $"{{{from}}}",
        _ => $"{{{from},{to}}}",
    };

    private static string Quote(string text) => text.Length <= MaxQuoted ? text : text[..MaxQuoted] + "...";

    private static JsonSchemaException Malformed(string path, string reason) => new(JsonSchemaError.Malformed, path, $"The JSON schema is wrong at {Quote(path)}: {reason}.");

    private static JsonSchemaException TooLarge(string path, string reason) => new(JsonSchemaError.TooLarge, path, $"The JSON schema is too large at {Quote(path)}: {reason}.");
}
