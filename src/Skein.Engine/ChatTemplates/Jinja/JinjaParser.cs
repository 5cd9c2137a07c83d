namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Reads tokens as Jinja's grammar does, with the loop controls that the transformers library adds.</summary>
internal sealed class JinjaParser : JinjaExpressionParser
{
    private int _loops;

    private JinjaParser(List<JinjaToken> tokens)
        : base(tokens)
    {
    }

    /// <summary>Reads a whole template.</summary>
    public static IReadOnlyList<JinjaStatement> Parse(string source) => new JinjaParser(JinjaLexer.Read(source)).ParseBody([]);

    /// <summary>Reads statements up to a tag of one of the names, whose name is then the current token; up to the end of the template if there are none.</summary>
    private List<JinjaStatement> ParseBody(ReadOnlySpan<string> ends)
    {
        var opening = Current.Line;
        List<JinjaStatement> body = [];
        while (true)
        {
            var token = Current;
            switch (token.Kind)
            {
                case JinjaTokenKind.End when ends.Length == 0:
                    return body;
                case JinjaTokenKind.End:
                    throw Syntax($"the template ends where '{ends[^1]}' is missing", opening);
                case JinjaTokenKind.Data:
                    At++;
                    body.Add(new JinjaStatement.Data(token.Line, token.Text));
                    break;
                case JinjaTokenKind.VariableBegin:
                    At++;
                    body.Add(new JinjaStatement.Output(token.Line, ParseTuple()));
                    Expect(JinjaTokenKind.VariableEnd);
                    break;
                default:
                    At++;
                    if (Current.Kind != JinjaTokenKind.Name)
                    {
                        throw Syntax($"a statement was expected, not {Current.Describe()}", token.Line);
                    }

                    if (ends.Contains(Current.Text))
                    {
                        return body;
                    }

                    Enter();
                    body.Add(ParseStatement());
                    Depth--;
                    Expect(JinjaTokenKind.BlockEnd);
                    break;
            }
        }
    }

    private JinjaStatement ParseStatement()
    {
        var token = Current;
        At++;
        switch (token.Text)
        {
            case "if":
                return ParseIf(token.Line);
            case "for":
                return ParseFor(token.Line);
            case "set":
                return ParseSet(token.Line);
            case "macro":
                return ParseMacro(token.Line);
            case "call":
                return ParseCallBlock(token.Line);
            case "filter":
                var filters = ParseFilterChain();
                return new JinjaStatement.FilterBlock(token.Line, filters, ParseBlock("endfilter"));
            case "with":
                return ParseWith(token.Line);
            case "generation":
                return new JinjaStatement.With(token.Line, [], ParseBlock("endgeneration"));
            case "break" or "continue":
                if (_loops == 0)
                {
                    throw Syntax($"'{token.Text}' stands outside a loop", token.Line);
                }

                return token.Text == "break" ? new JinjaStatement.Break(token.Line) : new JinjaStatement.Continue(token.Line);
            case "include" or "import" or "from" or "extends" or "block" or "autoescape" or "trans" or "do" or "debug":
                throw new JinjaFault(ChatTemplateError.Unsupported, $"the statement '{token.Text}' is not supported in chat templates", token.Line);
            default:
                throw Syntax($"unknown or misplaced statement {token.Describe()}", token.Line);
        }
    }

    /// <summary>Reads the end of the opening tag, a body, and the closing tag's name.</summary>
    private List<JinjaStatement> ParseBlock(string end)
    {
        Expect(JinjaTokenKind.BlockEnd);
        var body = ParseBody([end]);
        At++;
        return body;
    }

    private JinjaStatement.If ParseIf(int line)
    {
        List<(JinjaExpression, IReadOnlyList<JinjaStatement>)> branches = [];
        while (true)
        {
            var condition = ParseTuple(allowsConditional: false);
            Expect(JinjaTokenKind.BlockEnd);
            branches.Add((condition, ParseBody(["elif", "else", "endif"])));
            var end = Current.Text;
            At++;
            switch (end)
            {
                case "elif":
                    continue;
                case "else":
                    return new JinjaStatement.If(line, branches, ParseBlock("endif"));
                default:
                    return new JinjaStatement.If(line, branches, []);
            }
        }
    }

    private JinjaStatement.For ParseFor(int line)
    {
        var target = ParseTarget(allowsAttribute: false);
        ExpectName("in");
        var items = ParseTuple(allowsConditional: false);
        var condition = SkipName("if") ? ParseExpression() : null;
        if (Current.IsName("recursive"))
        {
            throw new JinjaFault(ChatTemplateError.Unsupported, "recursive loops are not supported", line);
        }

        Expect(JinjaTokenKind.BlockEnd);
        _loops++;
        var body = ParseBody(["else", "endfor"]);
        _loops--;
        var hasElse = Current.Text == "else";
        At++;
        return new JinjaStatement.For(line, target, items, condition, body, hasElse ? ParseBlock("endfor") : []);
    }

    private JinjaStatement ParseSet(int line)
    {
        var target = ParseTarget(allowsAttribute: true);
        if (SkipOperator("="))
        {
            return new JinjaStatement.Set(line, target, ParseTuple());
        }

        IReadOnlyList<JinjaFilterCall> filters = SkipOperator("|") ? ParseFilterChain() : [];
        return new JinjaStatement.SetBlock(line, target, filters, ParseBlock("endset"));
    }

    private JinjaStatement.Macro ParseMacro(int line)
    {
        var name = ExpectAnyName();
        return new JinjaStatement.Macro(line, ParseDefinition(name, ParseParameters(), "endmacro"));
    }

    private JinjaStatement.CallBlock ParseCallBlock(int line)
    {
        var parameters = Current.IsOperator("(") ? ParseParameters() : [];
        if (ParseExpression() is not JinjaExpression.Call call)
        {
            throw Syntax("'call' needs a call", line);
        }

        return new JinjaStatement.CallBlock(line, call, ParseDefinition("caller", parameters, "endcall"));
    }

    private JinjaMacroDefinition ParseDefinition(string name, List<JinjaParameter> parameters, string end)
    {
        var (loops, asked) = (_loops, Asked);
        (_loops, Asked) = (0, new HashSet<string>(StringComparer.Ordinal));
        var body = ParseBlock(end);
        var definition = new JinjaMacroDefinition(name, parameters, body, Asked.Contains("varargs"), Asked.Contains("kwargs"), Asked.Contains("caller"));
        (_loops, Asked) = (loops, asked);
        return definition;
    }

    private List<JinjaParameter> ParseParameters()
    {
        List<JinjaParameter> parameters = [];
        ExpectOperator("(");
        while (!SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                ExpectOperator(",");
                if (SkipOperator(")"))
                {
                    break;
                }
            }

            var line = Current.Line;
            var name = ExpectAnyName();
            var value = SkipOperator("=") ? ParseExpression() : null;
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw Syntax($"the parameter '{name}' without a default follows one that has one", line);
            }

            parameters.Add(new JinjaParameter(name, value));
        }

        return parameters;
    }

    private JinjaStatement.With ParseWith(int line)
    {
        List<(JinjaTarget, JinjaExpression)> variables = [];
        while (Current.Kind != JinjaTokenKind.BlockEnd)
        {
            if (variables.Count > 0)
            {
                ExpectOperator(",");
            }

            var target = ParseTarget(allowsAttribute: false);
            ExpectOperator("=");
            variables.Add((target, ParseExpression()));
        }

        return new JinjaStatement.With(line, variables, ParseBlock("endwith"));
    }

    private JinjaTarget ParseTarget(bool allowsAttribute)
    {
        List<JinjaTarget> items = [];
        var isTuple = false;
        while (true)
        {
            items.Add(ParseSingleTarget(allowsAttribute));
            if (!SkipOperator(","))
            {
                break;
            }

            isTuple = true;
            if (Current.Kind != JinjaTokenKind.Name && !Current.IsOperator("("))
            {
                break;
            }

            if (Current.IsName("in"))
            {
                break;
            }
        }

        return isTuple ? new JinjaTarget.Unpacking(items) : items[0];
    }

    private JinjaTarget ParseSingleTarget(bool allowsAttribute)
    {
        if (SkipOperator("("))
        {
            Enter();
            var inner = ParseTarget(allowsAttribute);
            Depth--;
            ExpectOperator(")");
            return inner;
        }

        var name = ExpectAnyName();
        return allowsAttribute && SkipOperator(".") ? new JinjaTarget.Attribute(name, ExpectAnyName()) : new JinjaTarget.Variable(name);
    }
}
