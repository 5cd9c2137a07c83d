namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Reads expressions as Jinja's grammar does. Not thread-safe.</summary>
internal abstract class JinjaExpressionParser(List<JinjaToken> tokens) : JinjaTokenReader(tokens)
{
    /// <summary>Names that the text has asked for since the innermost macro began: a macro takes what it asks for.</summary>
    protected HashSet<string> Asked { get; set; } = new(StringComparer.Ordinal);

    /// <summary>Reads an expression, or several between commas as a tuple.</summary>
    protected JinjaExpression ParseTuple(bool allowsConditional = true, bool inParentheses = false)
    {
        var line = Current.Line;
        List<JinjaExpression> items = [];
        var isTuple = false;
        while (!IsTupleEnd())
        {
            items.Add(allowsConditional ? ParseExpression() : ParseOr());
            if (!SkipOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple && items.Count == 1)
        {
            return items[0];
        }

        return isTuple || inParentheses ? new JinjaExpression.Sequence(line, items, isTuple: true) : throw Syntax($"an expression was expected, not {Current.Describe()}", line);
    }

    private bool IsTupleEnd() => Current.Kind is JinjaTokenKind.VariableEnd or JinjaTokenKind.BlockEnd || Current.IsOperator(")");

    protected JinjaExpression ParseExpression()
    {
        Enter();
        var line = Current.Line;
        var result = ParseOr();
        while (SkipName("if"))
        {
            var condition = ParseOr();
            var otherwise = SkipName("else") ? ParseExpression() : null;
            result = new JinjaExpression.Conditional(line, condition, result, otherwise);
        }

        Depth--;
        return result;
    }

    private JinjaExpression ParseOr()
    {
        var left = ParseAnd();
        for (var line = Current.Line; SkipName("or"); line = Current.Line)
        {
            left = new JinjaExpression.Logical(line, isAnd: false, left, ParseAnd());
        }

        return left;
    }

    private JinjaExpression ParseAnd()
    {
        var left = ParseNot();
        for (var line = Current.Line; SkipName("and"); line = Current.Line)
        {
            left = new JinjaExpression.Logical(line, isAnd: true, left, ParseNot());
        }

        return left;
    }

    private JinjaExpression ParseNot()
    {
        var line = Current.Line;
        if (!SkipName("not"))
        {
            return ParseComparison();
        }

        Enter();
        var operand = ParseNot();
        Depth--;
        return new JinjaExpression.Not(line, operand);
    }

    private JinjaExpression ParseComparison()
    {
        var line = Current.Line;
        var first = ParseSum();
        List<(string, JinjaExpression)>? rest = null;
        while (true)
        {
            string found;
            if (Current.Kind == JinjaTokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
            {
                found = Current.Text;
                At++;
            }
            else if (SkipName("in"))
            {
                found = "in";
            }
            else if (Current.IsName("not") && Following.IsName("in"))
            {
                found = "not in";
                At += 2;
            }
            else
            {
                return rest is null ? first : new JinjaExpression.Comparison(line, first, rest);
            }

            (rest ??= []).Add((found, ParseSum()));
        }
    }

    private JinjaExpression ParseSum()
    {
        var left = ParseConcatenation();
        while (Current.Kind == JinjaTokenKind.Operator && Current.Text is "+" or "-")
        {
            var token = Current;
            At++;
            left = new JinjaExpression.Arithmetic(token.Line, token.Text, left, ParseConcatenation());
        }

        return left;
    }

    private JinjaExpression ParseConcatenation()
    {
        var line = Current.Line;
        var first = ParseProduct();
        if (!Current.IsOperator("~"))
        {
            return first;
        }

        List<JinjaExpression> parts = [first];
        while (SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return new JinjaExpression.Concatenation(line, parts);
    }

    private JinjaExpression ParseProduct()
    {
        var left = ParsePower();
        while (Current.Kind == JinjaTokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            var token = Current;
            At++;
            left = new JinjaExpression.Arithmetic(token.Line, token.Text, left, ParsePower());
        }

        return left;
    }

    private JinjaExpression ParsePower()
    {
        var left = ParseUnary();
        for (var line = Current.Line; SkipOperator("**"); line = Current.Line)
        {
            left = new JinjaExpression.Arithmetic(line, "**", left, ParseUnary());
        }

        return left;
    }

    private JinjaExpression ParseUnary(bool allowsFilters = true)
    {
        var token = Current;
        JinjaExpression result;
        if (token.Kind == JinjaTokenKind.Operator && token.Text is "-" or "+")
        {
            At++;
            Enter();
            result = new JinjaExpression.Negative(token.Line, ParseUnary(allowsFilters: false), isPlus: token.Text == "+");
            Depth--;
        }
        else
        {
            result = ParsePrimary();
        }

        result = ParsePostfix(result);
        return allowsFilters ? ParseFilters(result) : result;
    }

    private JinjaExpression ParsePrimary()
    {
        var token = Current;
        At++;
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                if (token.Text is "varargs" or "kwargs" or "caller")
                {
                    Asked.Add(token.Text);
                }

                return token.Text switch
                {
                    "true" or "True" => new JinjaExpression.Literal(token.Line, JinjaValue.True),
                    "false" or "False" => new JinjaExpression.Literal(token.Line, JinjaValue.False),
                    "none" or "None" => new JinjaExpression.Literal(token.Line, JinjaValue.None),
                    _ => new JinjaExpression.Variable(token.Line, token.Text),
                };
            case JinjaTokenKind.Text:
                var text = token.Text;
                if (Current.Kind == JinjaTokenKind.Text)
                {
                    var parts = new System.Text.StringBuilder(text);
                    for (; Current.Kind == JinjaTokenKind.Text; At++)
                    {
                        parts.Append(Current.Text);
                    }

                    text = parts.ToString();
                }

                return new JinjaExpression.Literal(token.Line, JinjaValue.From(text));
            case JinjaTokenKind.Integer or JinjaTokenKind.Float:
                return new JinjaExpression.Literal(token.Line, token.Value);
            case JinjaTokenKind.Operator when token.Text == "(":
                var inner = ParseTuple(inParentheses: true);
                ExpectOperator(")");
                return inner;
            case JinjaTokenKind.Operator when token.Text == "[":
                return ParseList(token.Line);
            case JinjaTokenKind.Operator when token.Text == "{":
                return ParseMapping(token.Line);
            default:
                throw Syntax($"an expression was expected, not {token.Describe()}", token.Line);
        }
    }

    private JinjaExpression.Sequence ParseList(int line)
    {
        List<JinjaExpression> items = [];
        while (!SkipOperator("]"))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (SkipOperator("]"))
                {
                    break;
                }
            }

            items.Add(ParseExpression());
        }

        return new JinjaExpression.Sequence(line, items, isTuple: false);
    }

    private JinjaExpression.Mapping ParseMapping(int line)
    {
        List<(JinjaExpression, JinjaExpression)> entries = [];
        while (!SkipOperator("}"))
        {
            if (entries.Count > 0)
            {
                ExpectOperator(",");
                if (SkipOperator("}"))
                {
                    break;
                }
            }

            var key = ParseExpression();
            ExpectOperator(":");
            entries.Add((key, ParseExpression()));
        }

        return new JinjaExpression.Mapping(line, entries);
    }

    private JinjaExpression ParsePostfix(JinjaExpression target)
    {
        while (true)
        {
            var line = Current.Line;
            if (SkipOperator("."))
            {
                var name = Current;
                At++;
                target = name.Kind switch
                {
                    JinjaTokenKind.Name => new JinjaExpression.Attribute(line, target, name.Text),
                    JinjaTokenKind.Integer => new JinjaExpression.Subscript(line, target, new JinjaExpression.Literal(line, name.Value)),
                    _ => throw Syntax($"a name was expected after '.', not {name.Describe()}", line),
                };
            }
            else if (SkipOperator("["))
            {
                target = ParseSubscript(target, line);
            }
            else if (Current.IsOperator("("))
            {
                target = new JinjaExpression.Call(line, target, ParseArguments());
            }
            else
            {
                return target;
            }
        }
    }

    private JinjaExpression ParseSubscript(JinjaExpression target, int line)
    {
        var start = Current.IsOperator(":") ? null : ParseExpression();
        if (SkipOperator("]"))
        {
            return new JinjaExpression.Subscript(line, target, start ?? throw Syntax("the subscript is empty", line));
        }

        ExpectOperator(":");
        var stop = Current.IsOperator(":") || Current.IsOperator("]") ? null : ParseExpression();
        var step = SkipOperator(":") && !Current.IsOperator("]") ? ParseExpression() : null;
        ExpectOperator("]");
        return new JinjaExpression.Slice(line, target, start, stop, step);
    }

    private JinjaExpression ParseFilters(JinjaExpression target)
    {
        while (true)
        {
            if (SkipOperator("|"))
            {
                var filter = ParseFilter();
                target = new JinjaExpression.Filter(filter.Line, target, filter);
            }
            else if (SkipName("is"))
            {
                target = ParseTest(target);
            }
            else if (Current.IsOperator("("))
            {
                target = new JinjaExpression.Call(Current.Line, target, ParseArguments());
            }
            else
            {
                return target;
            }
        }
    }

    protected List<JinjaFilterCall> ParseFilterChain()
    {
        List<JinjaFilterCall> filters = [ParseFilter()];
        while (SkipOperator("|"))
        {
            filters.Add(ParseFilter());
        }

        return filters;
    }

    private JinjaFilterCall ParseFilter()
    {
        var line = Current.Line;
        var name = ExpectAnyName();
        return new JinjaFilterCall(line, name, Current.IsOperator("(") ? ParseArguments() : JinjaCallArguments.None);
    }

    private JinjaExpression ParseTest(JinjaExpression target)
    {
        var line = Current.Line;
        var isNegated = SkipName("not");
        var name = ExpectAnyName();
        var arguments = JinjaCallArguments.None;
        if (Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (Current.Kind is JinjaTokenKind.Text or JinjaTokenKind.Integer or JinjaTokenKind.Float
            || (Current.Kind == JinjaTokenKind.Operator && Current.Text is "[" or "{")
            || (Current.Kind == JinjaTokenKind.Name && Current.Text is not ("else" or "or" or "and" or "if" or "in" or "not" or "is")))
        {
            // "divisibleby 3": one argument without parentheses.
            arguments = new JinjaCallArguments([ParsePostfix(ParsePrimary())], [], null, null);
        }

        JinjaExpression test = new JinjaExpression.Test(line, target, name, arguments);
        return isNegated ? new JinjaExpression.Not(line, test) : test;
    }

    private JinjaCallArguments ParseArguments()
    {
        List<JinjaExpression> positional = [];
        List<(string, JinjaExpression)> named = [];
        JinjaExpression? unpacked = null;
        JinjaExpression? unpackedNamed = null;
        var isFirst = true;
        ExpectOperator("(");
        while (!SkipOperator(")"))
        {
            if (!isFirst)
            {
                ExpectOperator(",");
                if (SkipOperator(")"))
                {
                    break;
                }
            }

            isFirst = false;
            var line = Current.Line;
            if (SkipOperator("**"))
            {
                unpackedNamed = unpackedNamed is null ? ParseExpression() : throw Syntax("'**' appears twice in a call", line);
            }
            else if (SkipOperator("*"))
            {
                unpacked = unpacked is null ? ParseExpression() : throw Syntax("'*' appears twice in a call", line);
            }
            else if (Current.Kind == JinjaTokenKind.Name && Following.IsOperator("="))
            {
                var name = Current.Text;
                At += 2;
                named.Add((name, ParseExpression()));
            }
            else if (named.Count > 0 || unpacked is not null || unpackedNamed is not null)
            {
                throw Syntax("a positional argument follows a named one", line);
            }
            else
            {
                positional.Add(ParseExpression());
            }
        }

        return new JinjaCallArguments(positional, named, unpacked, unpackedNamed);
    }
}
