using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Values as text: Python's <c>str</c> and <c>repr</c>.</summary>
internal static class JinjaPrinter
{
    /// <summary>What <c>{{ value }}</c> writes.</summary>
    public static string ToText(JinjaValue value, JinjaBudget budget)
    {
        switch (value.Kind)
        {
            case JinjaKind.Text:
                return value.Text;
            case JinjaKind.Undefined:
                return string.Empty;
            case JinjaKind.None:
                return "None";
            case JinjaKind.Boolean:
                return value.Boolean ? "True" : "False";
            case JinjaKind.Integer:
                return value.Integer.ToString(CultureInfo.InvariantCulture);
            case JinjaKind.Float:
                return PythonText.FromFloat(value.Number);
            default:
                var output = new StringBuilder();
                AppendQuoted(output, value, budget);
                return output.ToString();
        }
    }

    /// <summary>Python's <c>repr</c>. A list that holds itself ends at the limit of nesting.</summary>
    public static void AppendQuoted(StringBuilder output, JinjaValue value, JinjaBudget budget)
    {
        budget.Enter();
        switch (value.Kind)
        {
            case JinjaKind.Text:

                // Escapes make up to ten characters of one, but rarely.
                budget.Text((value.Text.Length * 4L) + 2);
                PythonText.AppendQuoted(output, value.Text);
                break;
            case JinjaKind.Undefined:
                output.Append("Undefined");
                break;
            case JinjaKind.List:
                var list = value.List;
                output.Append(list.IsTuple ? '(' : '[');
                for (var i = 0; i < list.Items.Count; i++)
                {
                    budget.Text(2);
                    output.Append(i == 0 ? string.Empty : ", ");
                    AppendQuoted(output, list.Items[i], budget);
                }

                output.Append(list.IsTuple ? list.Items.Count == 1 ? ",)" : ")" : "]");
                break;
            case JinjaKind.Dictionary:
                output.Append('{');
                var isFirst = true;
                foreach (var (key, item) in value.Dictionary.Entries)
                {
                    budget.Text(4);
                    output.Append(isFirst ? string.Empty : ", ");
                    AppendQuoted(output, key, budget);
                    output.Append(": ");
                    AppendQuoted(output, item, budget);
                    isFirst = false;
                }

                output.Append('}');
                break;
            case JinjaKind.Object:
                output.Append('<').Append(value.Object.TypeName).Append('>');
                break;
            default:
                budget.Text(24);
                output.Append(ToText(value, budget));
                break;
        }

        budget.Leave();
    }
}
