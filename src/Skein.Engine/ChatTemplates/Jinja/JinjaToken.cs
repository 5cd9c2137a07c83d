namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Line">Line of the template, from 1.</param>
/// <param name="Text">Data, name, operator, or the text of a literal; empty otherwise.</param>
/// <param name="Value">Value of a number.</param>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, int Line, string Text, JinjaValue Value = default)
{
    public bool IsOperator(string text) => Kind == JinjaTokenKind.Operator && string.Equals(Text, text, StringComparison.Ordinal);

    public bool IsName(string text) => Kind == JinjaTokenKind.Name && string.Equals(Text, text, StringComparison.Ordinal);

    /// <summary>For messages.</summary>
    public string Describe() => Kind switch
    {
        JinjaTokenKind.End => "the end of the template",
        JinjaTokenKind.BlockEnd => "the end of the statement",
        JinjaTokenKind.VariableEnd => "the end of the expression",
        JinjaTokenKind.Text => "a string",
        JinjaTokenKind.Integer or JinjaTokenKind.Float => "a number",
        _ => $"'{(Text.Length <= 40 ? Text : Text[..40])}'",
    };
}
