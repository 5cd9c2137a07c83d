using System.Runtime.CompilerServices;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Reads tokens as Jinja's grammar does, with the loop controls that the transformers library adds.</summary>
internal sealed class JinjaParser
{
    private readonly List<JinjaToken> _tokens;
    private int _at;
    private int _depth;
    private int _loops;
    private HashSet<string> _asked = new(StringComparer.Ordinal);

    private JinjaParser(List<JinjaToken> tokens)
    {
        _tokens = tokens;
    }

    private JinjaToken Current => _tokens[_at];

    private JinjaToken Following => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

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
                    _at++;
                    body.Add(new JinjaStatement.Data(token.Line, token.Text));
                    break;
                case JinjaTokenKind.VariableBegin:
                    _at++;
                    body.Add(new JinjaStatement.Output(token.Line, ParseTuple()));
                    Expect(JinjaTokenKind.VariableEnd);
                    break;
                default:
                    _at++;
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
                    _depth--;
                    Expect(JinjaTokenKind.BlockEnd);
                    break;
            }
        }
    }

    private JinjaStatement ParseStatement()
    {
        var token = Current;
        _at++;
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
        _at++;
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
            _at++;
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
        _at++;
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
        var (loops, asked) = (_loops, _asked);
        (_loops, _asked) = (0, new HashSet<string>(StringComparer.Ordinal));
        var body = ParseBlock(end);
        var definition = new JinjaMacroDefinition(name, parameters, body, _asked.Contains("varargs"), _asked.Contains("kwargs"), _asked.Contains("caller"));
        (_loops, _asked) = (loops, asked);
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
            _depth--;
            ExpectOperator(")");
            return inner;
        }

        var name = ExpectAnyName();
        return allowsAttribute && SkipOperator(".") ? new JinjaTarget.Attribute(name, ExpectAnyName()) : new JinjaTarget.Variable(name);
    }

    /// <summary>Reads an expression, or several between commas as a tuple.</summary>
    private JinjaExpression ParseTuple(bool allowsConditional = true, bool inParentheses = false)
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

    private JinjaExpression ParseExpression()
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

        _depth--;
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
        _depth--;
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
                _at++;
            }
            else if (SkipName("in"))
            {
                found = "in";
            }
            else if (Current.IsName("not") && Following.IsName("in"))
            {
                found = "not in";
                _at += 2;
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
            _at++;
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
            _at++;
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
            _at++;
            Enter();
            result = new JinjaExpression.Negative(token.Line, ParseUnary(allowsFilters: false), isPlus: token.Text == "+");
            _depth--;
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
        _at++;
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                if (token.Text is "varargs" or "kwargs" or "caller")
                {
                    _asked.Add(token.Text);
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
                    for (; Current.Kind == JinjaTokenKind.Text; _at++)
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
                _at++;
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

    private List<JinjaFilterCall> ParseFilterChain()
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
                _at += 2;
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

    private void Enter()
    {
        if (++_depth > JinjaLimits.ParseDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new JinjaFault(ChatTemplateError.LimitExceeded, $"it nests deeper than {JinjaLimits.ParseDepth} levels", Current.Line);
        }
    }

    private bool SkipName(string name)
    {
        if (!Current.IsName(name))
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool SkipOperator(string text)
    {
        if (!Current.IsOperator(text))
        {
            return false;
        }

        _at++;
        return true;
    }

    private void Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind)
        {
            throw Syntax($"{(kind == JinjaTokenKind.BlockEnd ? "the end of the statement" : "the end of the expression")} was expected, not {Current.Describe()}", Current.Line);
        }

        _at++;
    }

    private void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Syntax($"'{text}' was expected, not {Current.Describe()}", Current.Line);
        }
    }

    private void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Syntax($"'{name}' was expected, not {Current.Describe()}", Current.Line);
        }
    }

    private string ExpectAnyName()
    {
        var token = Current;
        if (token.Kind != JinjaTokenKind.Name)
        {
            throw Syntax($"a name was expected, not {token.Describe()}", token.Line);
        }

        _at++;
        return token.Text;
    }

    private static JinjaFault Syntax(string message, int line) => new(ChatTemplateError.Syntax, message, line);
}
