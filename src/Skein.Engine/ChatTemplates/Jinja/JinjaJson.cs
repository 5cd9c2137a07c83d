using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>JSON in and out of template values.</summary>
internal static class JinjaJson
{
    /// <summary>Takes messages, tools or variables in.</summary>
    /// <exception cref="JinjaFault"><see cref="ChatTemplateError.BadInput"/>.</exception>
    public static JinjaValue Read(JsonNode? node, int depth = 0)
    {
        if (depth > JinjaLimits.InputDepth)
        {
            throw BadInput($"it nests deeper than {JinjaLimits.InputDepth} levels");
        }

        switch (node)
        {
            case null:
                return JinjaValue.None;
            case JsonArray array:
                var items = new List<JinjaValue>(array.Count);
                foreach (var item in array)
                {
                    items.Add(Read(item, depth + 1));
                }

                return JinjaValue.FromList(items);
            case JsonObject properties:
                var dictionary = new JinjaDictionary();
                try
                {
                    foreach (var (name, value) in properties)
                    {
                        dictionary.Set(name, Read(value, depth + 1));
                    }
                }
                catch (ArgumentException)
                {
                    // Objects are read late, and complain about a name that comes twice only now.
                    throw BadInput("an object holds the same name twice");
                }

                return JinjaValue.From(dictionary);
            default:
                return ReadScalar(node);
        }
    }

    /// <summary>Writes as Python's <c>json.dumps</c> does, the way the transformers library calls it.</summary>
    public static string Write(JinjaValue value, JinjaJsonStyle style, JinjaBudget budget)
    {
        var output = new StringBuilder();
        Write(output, value, style, 0, budget);
        return output.ToString();
    }

    private static JinjaValue ReadScalar(JsonNode node)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.True:
                return JinjaValue.True;
            case JsonValueKind.False:
                return JinjaValue.False;
            case JsonValueKind.String:
                try
                {
                    return JinjaValue.From(node.GetValue<string>());
                }
                catch (InvalidOperationException)
                {
                    throw BadInput("a string holds half a surrogate pair");
                }

            case JsonValueKind.Number:
                var text = node.ToJsonString();
                return text.AsSpan().IndexOfAny(".eE") < 0 && long.TryParse(text, CultureInfo.InvariantCulture, out var integer)
                    ? JinjaValue.From(integer)
                    : JinjaValue.From(double.Parse(text, CultureInfo.InvariantCulture));
            default:
                return JinjaValue.None;
        }
    }

    private static JinjaFault BadInput(string message) => new(ChatTemplateError.BadInput, message);

    private static void Write(StringBuilder output, JinjaValue value, JinjaJsonStyle style, int level, JinjaBudget budget)
    {
        budget.Enter();
        switch (value.Kind)
        {
            case JinjaKind.None:
                output.Append("null");
                break;
            case JinjaKind.Text:
                WriteText(output, value.Text, style.EscapesNonAscii, budget);
                break;
            case JinjaKind.List:
                WriteItems(output, '[', ']', value.List.Items.Count, level, style, budget, i => Write(output, value.List.Items[i], style, level + 1, budget));
                break;
            case JinjaKind.Dictionary:
                var entries = value.Dictionary.Entries.ToList();
                budget.Step(entries.Count);
                if (style.SortsKeys)
                {
                    entries.Sort((left, right) => JinjaOperators.Order(left.Key, right.Key, budget) ?? 0);
                }

                WriteItems(output, '{', '}', entries.Count, level, style, budget, i =>
                {
                    var (key, item) = entries[i];
                    WriteText(output, key.IsText ? key.Text : Scalar(key), style.EscapesNonAscii, budget);
                    output.Append(style.KeySeparator);
                    Write(output, item, style, level + 1, budget);
                });
                break;
            case JinjaKind.Undefined or JinjaKind.Object:
                throw JinjaFault.Failed(value.IsUndefined ? $"an undefined value cannot be written as JSON: {value.Missing}" : $"a {value.TypeName} cannot be written as JSON");
            default:
                budget.Text(24);
                output.Append(Scalar(value));
                break;
        }

        budget.Leave();
    }

    private static void WriteItems(StringBuilder output, char open, char close, int count, int level, JinjaJsonStyle style, JinjaBudget budget, Action<int> writeItem)
    {
        output.Append(open);
        for (var i = 0; i < count; i++)
        {
            budget.Text(style.ItemSeparator.Length + style.KeySeparator.Length + ((level + 1L) * (style.Indent?.Length ?? 0)) + 2);
            output.Append(i == 0 ? string.Empty : style.ItemSeparator);
            BreakLine(output, style, level + 1);
            writeItem(i);
        }

        if (count > 0)
        {
            BreakLine(output, style, level);
        }

        output.Append(close);
    }

    private static void BreakLine(StringBuilder output, JinjaJsonStyle style, int level)
    {
        if (style.Indent is not null)
        {
            output.Append('\n').Insert(output.Length, style.Indent, level);
        }
    }

    private static string Scalar(JinjaValue value) => value.Kind switch
    {
        JinjaKind.None => "null",
        JinjaKind.Boolean => value.Boolean ? "true" : "false",
        JinjaKind.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        _ => double.IsNaN(value.Number) ? "NaN" : double.IsInfinity(value.Number) ? value.Number > 0 ? "Infinity" : "-Infinity" : PythonText.FromFloat(value.Number),
    };

    private static void WriteText(StringBuilder output, string text, bool escapesNonAscii, JinjaBudget budget)
    {
        budget.Text(text.Length + 2);
        output.Append('"');
        foreach (var value in text)
        {
            switch (value)
            {
                case '"':
                    output.Append("\\\"");
                    break;
                case '\\':
                    output.Append("\\\\");
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case '\f':
                    output.Append("\\f");
                    break;
                case '\b':
                    output.Append("\\b");
                    break;
                default:
                    if (value < ' ' || (escapesNonAscii && value > '~'))
                    {
                        budget.Text(5);
                        output.Append(CultureInfo.InvariantCulture, $"\\u{(int)value:x4}");
                    }
                    else
                    {
                        output.Append(value);
                    }

                    break;
            }
        }

        output.Append('"');
    }
}
