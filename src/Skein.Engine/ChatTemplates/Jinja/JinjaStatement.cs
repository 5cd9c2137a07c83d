namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A statement of a template. The kinds are nested here; <see cref="JinjaInterpreter"/> says what they mean.</summary>
internal abstract class JinjaStatement(int line)
{
    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Text between tags.</summary>
    internal sealed class Data(int line, string text) : JinjaStatement(line)
    {
        public string Text { get; } = text;
    }

    /// <summary><c>{{ expression }}</c>.</summary>
    internal sealed class Output(int line, JinjaExpression expression) : JinjaStatement(line)
    {
        public JinjaExpression Expression { get; } = expression;
    }

    internal sealed class If(int line, IReadOnlyList<(JinjaExpression Condition, IReadOnlyList<JinjaStatement> Body)> branches, IReadOnlyList<JinjaStatement> otherwise) : JinjaStatement(line)
    {
        public IReadOnlyList<(JinjaExpression Condition, IReadOnlyList<JinjaStatement> Body)> Branches { get; } = branches;

        public IReadOnlyList<JinjaStatement> Otherwise { get; } = otherwise;
    }

    internal sealed class For(int line, JinjaTarget target, JinjaExpression items, JinjaExpression? condition, IReadOnlyList<JinjaStatement> body, IReadOnlyList<JinjaStatement> otherwise) : JinjaStatement(line)
    {
        public JinjaTarget Target { get; } = target;

        public JinjaExpression Items { get; } = items;

        public JinjaExpression? Condition { get; } = condition;

        public IReadOnlyList<JinjaStatement> Body { get; } = body;

        public IReadOnlyList<JinjaStatement> Otherwise { get; } = otherwise;
    }

    internal sealed class Set(int line, JinjaTarget target, JinjaExpression value) : JinjaStatement(line)
    {
        public JinjaTarget Target { get; } = target;

        public JinjaExpression Value { get; } = value;
    }

    /// <summary><c>{% set x %}...{% endset %}</c>.</summary>
    internal sealed class SetBlock(int line, JinjaTarget target, IReadOnlyList<JinjaFilterCall> filters, IReadOnlyList<JinjaStatement> body) : JinjaStatement(line)
    {
        public JinjaTarget Target { get; } = target;

        public IReadOnlyList<JinjaFilterCall> Filters { get; } = filters;

        public IReadOnlyList<JinjaStatement> Body { get; } = body;
    }

    internal sealed class Macro(int line, JinjaMacroDefinition definition) : JinjaStatement(line)
    {
        public JinjaMacroDefinition Definition { get; } = definition;
    }

    /// <summary><c>{% call(parameters) macro(...) %}...{% endcall %}</c>.</summary>
    internal sealed class CallBlock(int line, JinjaExpression.Call call, JinjaMacroDefinition caller) : JinjaStatement(line)
    {
        public JinjaExpression.Call Call { get; } = call;

        public JinjaMacroDefinition Caller { get; } = caller;
    }

    internal sealed class FilterBlock(int line, IReadOnlyList<JinjaFilterCall> filters, IReadOnlyList<JinjaStatement> body) : JinjaStatement(line)
    {
        public IReadOnlyList<JinjaFilterCall> Filters { get; } = filters;

        public IReadOnlyList<JinjaStatement> Body { get; } = body;
    }

    /// <summary><c>with</c>, and <c>generation</c>, which is a scope without variables.</summary>
    internal sealed class With(int line, IReadOnlyList<(JinjaTarget Target, JinjaExpression Value)> variables, IReadOnlyList<JinjaStatement> body) : JinjaStatement(line)
    {
        public IReadOnlyList<(JinjaTarget Target, JinjaExpression Value)> Variables { get; } = variables;

        public IReadOnlyList<JinjaStatement> Body { get; } = body;
    }

    internal sealed class Break(int line) : JinjaStatement(line);

    internal sealed class Continue(int line) : JinjaStatement(line);
}
