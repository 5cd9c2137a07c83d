namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>An expression of a template. The kinds are nested here; <see cref="JinjaInterpreter"/> says what they mean.</summary>
internal abstract class JinjaExpression(int line)
{
    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;

    internal sealed class Literal(int line, JinjaValue value) : JinjaExpression(line)
    {
        public JinjaValue Value { get; } = value;
    }

    internal sealed class Variable(int line, string name) : JinjaExpression(line)
    {
        public string Name { get; } = name;
    }

    internal sealed class Sequence(int line, IReadOnlyList<JinjaExpression> items, bool isTuple) : JinjaExpression(line)
    {
        public IReadOnlyList<JinjaExpression> Items { get; } = items;

        public bool IsTuple { get; } = isTuple;
    }

    internal sealed class Mapping(int line, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> entries) : JinjaExpression(line)
    {
        public IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Entries { get; } = entries;
    }

    /// <summary><c>target.name</c>.</summary>
    internal sealed class Attribute(int line, JinjaExpression target, string name) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public string Name { get; } = name;
    }

    /// <summary><c>target[key]</c>.</summary>
    internal sealed class Subscript(int line, JinjaExpression target, JinjaExpression key) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public JinjaExpression Key { get; } = key;
    }

    /// <summary><c>target[start:stop:step]</c>.</summary>
    internal sealed class Slice(int line, JinjaExpression target, JinjaExpression? start, JinjaExpression? stop, JinjaExpression? step) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public JinjaExpression? Start { get; } = start;

        public JinjaExpression? Stop { get; } = stop;

        public JinjaExpression? Step { get; } = step;
    }

    internal sealed class Call(int line, JinjaExpression target, JinjaCallArguments arguments) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public JinjaCallArguments Arguments { get; } = arguments;
    }

    internal sealed class Filter(int line, JinjaExpression target, JinjaFilterCall filter) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public JinjaFilterCall Applied { get; } = filter;
    }

    /// <summary><c>target is name(arguments)</c>.</summary>
    internal sealed class Test(int line, JinjaExpression target, string name, JinjaCallArguments arguments) : JinjaExpression(line)
    {
        public JinjaExpression Target { get; } = target;

        public string Name { get; } = name;

        public JinjaCallArguments Arguments { get; } = arguments;
    }

    internal sealed class Not(int line, JinjaExpression operand) : JinjaExpression(line)
    {
        public JinjaExpression Operand { get; } = operand;
    }

    internal sealed class Negative(int line, JinjaExpression operand, bool isPlus) : JinjaExpression(line)
    {
        public JinjaExpression Operand { get; } = operand;

        /// <summary>Whether it is a plus sign, which only insists on a number.</summary>
        public bool IsPlus { get; } = isPlus;
    }

    internal sealed class Arithmetic(int line, string @operator, JinjaExpression left, JinjaExpression right) : JinjaExpression(line)
    {
        public string Operator { get; } = @operator;

        public JinjaExpression Left { get; } = left;

        public JinjaExpression Right { get; } = right;
    }

    /// <summary><c>and</c> or <c>or</c>: the value is that of the operand that decided.</summary>
    internal sealed class Logical(int line, bool isAnd, JinjaExpression left, JinjaExpression right) : JinjaExpression(line)
    {
        public bool IsAnd { get; } = isAnd;

        public JinjaExpression Left { get; } = left;

        public JinjaExpression Right { get; } = right;
    }

    /// <summary>A chain of comparisons: <c>a &lt; b &lt;= c</c>.</summary>
    internal sealed class Comparison(int line, JinjaExpression first, IReadOnlyList<(string Operator, JinjaExpression Operand)> rest) : JinjaExpression(line)
    {
        public JinjaExpression First { get; } = first;

        public IReadOnlyList<(string Operator, JinjaExpression Operand)> Rest { get; } = rest;
    }

    /// <summary><c>a ~ b ~ c</c>.</summary>
    internal sealed class Concatenation(int line, IReadOnlyList<JinjaExpression> parts) : JinjaExpression(line)
    {
        public IReadOnlyList<JinjaExpression> Parts { get; } = parts;
    }

    /// <summary><c>then if condition else otherwise</c>.</summary>
    internal sealed class Conditional(int line, JinjaExpression condition, JinjaExpression then, JinjaExpression? otherwise) : JinjaExpression(line)
    {
        public JinjaExpression Condition { get; } = condition;

        public JinjaExpression Then { get; } = then;

        public JinjaExpression? Otherwise { get; } = otherwise;
    }
}
