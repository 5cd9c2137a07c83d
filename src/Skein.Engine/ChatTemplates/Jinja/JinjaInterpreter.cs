using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Runs the statements of a template: one rendering, one instance.</summary>
internal sealed class JinjaInterpreter
{
    private readonly JinjaScope _root = new(null);
    private StringBuilder _output = new();

    public JinjaInterpreter(TimeProvider time, IEnumerable<KeyValuePair<string, JinjaValue>> variables)
    {
        Time = time;
        JinjaGlobals.Define(_root);
        foreach (var (name, value) in variables)
        {
            _root.Set(name, value);
        }
    }

    /// <summary>What the rendering may still cost.</summary>
    public JinjaBudget Budget { get; } = new();

    /// <summary>For <c>strftime_now</c>.</summary>
    public TimeProvider Time { get; }

    /// <summary>Line of what runs now, for messages.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Runs a whole template.</summary>
    public string Run(IReadOnlyList<JinjaStatement> statements)
    {
        Execute(statements, new JinjaScope(_root));
        return _output.ToString();
    }

    /// <summary>Runs statements and takes what they write.</summary>
    public string Capture(IReadOnlyList<JinjaStatement> statements, JinjaScope scope, out JinjaFlow flow)
    {
        var outer = _output;
        _output = new StringBuilder();
        flow = Execute(statements, scope);
        var text = _output.ToString();
        _output = outer;
        return text;
    }

    /// <summary>The entries of a list, the keys of a dictionary, the characters of text; nothing of an undefined value. A copy.</summary>
    public List<JinjaValue> Iterate(JinjaValue value)
    {
        switch (value.Kind)
        {
            case JinjaKind.List:
                Budget.Items(value.List.Items.Count);
                return [.. value.List.Items];
            case JinjaKind.Dictionary:
                Budget.Items(value.Dictionary.Count);
                return [.. value.Dictionary.Keys];
            case JinjaKind.Text:
                Budget.Items(value.Text.Length);
                return PythonText.Characters(value.Text).ConvertAll(JinjaValue.From);
            case JinjaKind.Undefined:
                return [];
            default:
                throw JinjaFault.Failed($"a {value.TypeName} cannot be iterated over");
        }
    }

    /// <summary>Calls a value.</summary>
    public JinjaValue Call(JinjaValue target, JinjaArguments arguments)
    {
        JinjaOperators.RequireDefined(target);
        return target.Kind == JinjaKind.Object && target.Object is JinjaCallable callable
            ? callable.Call(this, arguments)
            : throw JinjaFault.Failed($"a {target.TypeName} cannot be called");
    }

    /// <summary><c>target[key]</c>: an entry, or else a method or attribute.</summary>
    public JinjaValue GetItem(JinjaValue target, JinjaValue key)
    {
        JinjaOperators.RequireDefined(target);
        JinjaValue value;
        switch (target.Kind)
        {
            case JinjaKind.Dictionary when target.Dictionary.TryGet(key, out value):
                return value;
            case JinjaKind.List when key.IsWhole:
                var items = target.List.Items;
                var index = key.Integer < 0 ? key.Integer + items.Count : key.Integer;
                return index >= 0 && index < items.Count ? items[(int)index] : JinjaValue.Undefined($"a {target.TypeName} has no entry {key.Integer}");
            case JinjaKind.Text when key.IsWhole:
                Budget.Scan(target.Text.Length);
                var length = PythonText.Length(target.Text);
                index = key.Integer < 0 ? key.Integer + length : key.Integer;
                return index >= 0 && index < length
                    ? JinjaValue.From(JinjaSlices.Cut(target.Text, index, index + 1, 1, Budget))
                    : JinjaValue.Undefined($"the text has no character {key.Integer}");
            default:
                if (key.IsText && TryGetMember(target, key.Text, out value))
                {
                    return value;
                }

                return JinjaValue.Undefined(key.IsText ? $"a {target.TypeName} has no '{Clip(key.Text)}'" : $"a {target.TypeName} has no such entry");
        }
    }

    /// <summary>Applies a filter.</summary>
    public JinjaValue ApplyFilter(string name, JinjaValue value, JinjaArguments arguments)
        => JinjaFilters.All.TryGetValue(name, out var filter) ? filter(this, value, arguments) : throw JinjaFault.Unsupported($"there is no filter '{name}'");

    /// <summary>Applies a test.</summary>
    public bool ApplyTest(string name, JinjaValue value, JinjaArguments arguments)
        => JinjaTests.All.TryGetValue(name, out var test) ? test(this, value, arguments) : throw JinjaFault.Unsupported($"there is no test '{name}'");

    /// <summary>Evaluates an expression.</summary>
    public JinjaValue Evaluate(JinjaExpression expression, JinjaScope scope)
    {
        Budget.Enter();
        Line = expression.Line;
        var value = expression switch
        {
            JinjaExpression.Literal literal => literal.Value,
            JinjaExpression.Variable variable => LookUp(variable.Name, scope),
            JinjaExpression.Attribute attribute => GetAttribute(Evaluate(attribute.Target, scope), attribute.Name),
            JinjaExpression.Subscript subscript => GetItem(Evaluate(subscript.Target, scope), Evaluate(subscript.Key, scope)),
            JinjaExpression.Call call => EvaluateCall(call, scope, null),
            JinjaExpression.Filter filter => ApplyFilter(filter.Applied.Name, Evaluate(filter.Target, scope), EvaluateArguments(filter.Applied.Arguments, scope, null)),
            JinjaExpression.Test test => JinjaValue.From(ApplyTest(test.Name, Evaluate(test.Target, scope), EvaluateArguments(test.Arguments, scope, null))),
            JinjaExpression.Not not => JinjaValue.From(!Evaluate(not.Operand, scope).IsTrue),
            JinjaExpression.Comparison comparison => EvaluateComparison(comparison, scope),
            JinjaExpression.Logical logical => EvaluateLogical(logical, scope),
            JinjaExpression.Conditional conditional => EvaluateConditional(conditional, scope),
            JinjaExpression.Arithmetic arithmetic => JinjaOperators.Apply(arithmetic.Operator, Evaluate(arithmetic.Left, scope), Evaluate(arithmetic.Right, scope), Budget),
            JinjaExpression.Concatenation concatenation => EvaluateConcatenation(concatenation, scope),
            JinjaExpression.Slice slice => EvaluateSlice(slice, scope),
            JinjaExpression.Negative negative => EvaluateNegative(negative, scope),
            JinjaExpression.Sequence sequence => EvaluateSequence(sequence, scope),
            JinjaExpression.Mapping mapping => EvaluateMapping(mapping, scope),
            _ => throw new InvalidOperationException(expression.GetType().Name),
        };
        Budget.Leave();
        return value;
    }

    /// <summary><c>target.name</c>: a method or attribute, or else an entry.</summary>
    private static JinjaValue GetAttribute(JinjaValue target, string name)
    {
        JinjaOperators.RequireDefined(target);
        return TryGetMember(target, name, out var value) || (target.Kind == JinjaKind.Dictionary && target.Dictionary.TryGet(name, out value))
            ? value
            : JinjaValue.Undefined($"a {target.TypeName} has no '{Clip(name)}'");
    }

    private static bool TryGetMember(JinjaValue target, string name, out JinjaValue value)
    {
        value = default;
        if (target.Kind == JinjaKind.Object)
        {
            return target.Object.TryGetAttribute(name, out value);
        }

        if (target.Kind == JinjaKind.List && target.List is JinjaGroup group && name is "grouper" or "list")
        {
            value = name == "list" ? group.Items[1] : group.Key;
            return true;
        }

        JinjaMethod? method = null;
        var isFound = target.Kind switch
        {
            JinjaKind.Text => JinjaTextMethods.All.TryGetValue(name, out method),
            JinjaKind.List => JinjaListMethods.All.TryGetValue(name, out method),
            JinjaKind.Dictionary => JinjaDictionaryMethods.All.TryGetValue(name, out method),
            _ => false,
        };
        if (isFound)
        {
            value = JinjaValue.From(new JinjaFunction((interpreter, arguments) => method!(interpreter, target, arguments)));
        }

        return isFound;
    }

    private JinjaValue LookUp(string name, JinjaScope scope)
    {
        Budget.Step(scope.Depth / 4);
        return scope.TryGet(name, out var value) ? value : JinjaValue.Undefined($"'{Clip(name)}' is undefined");
    }

    /// <summary>Shortens a name for a message: keys may be whole messages.</summary>
    private static string Clip(string name) => name.Length <= 60 ? name : name[..60] + "...";

    private JinjaFlow Execute(IReadOnlyList<JinjaStatement> statements, JinjaScope scope)
    {
        foreach (var statement in statements)
        {
            var flow = Execute(statement, scope);
            if (flow != JinjaFlow.Next)
            {
                return flow;
            }
        }

        return JinjaFlow.Next;
    }

    private JinjaFlow Execute(JinjaStatement statement, JinjaScope scope)
    {
        Budget.Enter();
        Line = statement.Line;
        var flow = JinjaFlow.Next;
        switch (statement)
        {
            case JinjaStatement.Data data:
                Write(data.Text);
                break;
            case JinjaStatement.Output output:
                Write(JinjaPrinter.ToText(Evaluate(output.Expression, scope), Budget));
                break;
            case JinjaStatement.If choice:
                flow = ExecuteIf(choice, scope);
                break;
            case JinjaStatement.For loop:
                flow = ExecuteFor(loop, scope);
                break;
            case JinjaStatement.Set set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                break;
            case JinjaStatement.SetBlock set:
                Assign(set.Target, Filtered(Capture(set.Body, new JinjaScope(scope), out flow), set.Filters, scope), scope);
                break;
            case JinjaStatement.Macro macro:
                scope.Set(macro.Definition.Name, JinjaValue.From(new JinjaMacro(macro.Definition, scope)));
                break;
            case JinjaStatement.CallBlock block:
                Write(JinjaPrinter.ToText(EvaluateCall(block.Call, scope, new JinjaMacro(block.Caller, scope)), Budget));
                break;
            case JinjaStatement.FilterBlock block:
                Write(JinjaPrinter.ToText(Filtered(Capture(block.Body, new JinjaScope(scope), out flow), block.Filters, scope), Budget));
                break;
            case JinjaStatement.With with:
                flow = ExecuteWith(with, scope);
                break;
            case JinjaStatement.Break:
                flow = JinjaFlow.Break;
                break;
            case JinjaStatement.Continue:
                flow = JinjaFlow.Continue;
                break;
            default:
                throw new InvalidOperationException(statement.GetType().Name);
        }

        Budget.Leave();
        return flow;
    }

    private void Write(string text)
    {
        Budget.Text(text.Length);
        _output.Append(text);
    }

    private JinjaFlow ExecuteIf(JinjaStatement.If choice, JinjaScope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (Evaluate(condition, scope).IsTrue)
            {
                return Execute(body, scope);
            }
        }

        return Execute(choice.Otherwise, scope);
    }

    private JinjaFlow ExecuteFor(JinjaStatement.For loop, JinjaScope scope)
    {
        var items = Iterate(Evaluate(loop.Items, scope));
        if (loop.Condition is not null)
        {
            items.RemoveAll(item =>
            {
                var trial = new JinjaScope(scope);
                Assign(loop.Target, item, trial);
                return !Evaluate(loop.Condition, trial).IsTrue;
            });
        }

        if (items.Count == 0)
        {
            return Execute(loop.Otherwise, new JinjaScope(scope));
        }

        var state = new JinjaLoop(items);
        for (var i = 0; i < items.Count; i++)
        {
            Budget.Step();
            state.Index = i;
            var round = new JinjaScope(scope);
            round.Set("loop", JinjaValue.From(state));
            Assign(loop.Target, items[i], round);
            if (Execute(loop.Body, round) == JinjaFlow.Break)
            {
                break;
            }
        }

        return JinjaFlow.Next;
    }

    private JinjaFlow ExecuteWith(JinjaStatement.With with, JinjaScope scope)
    {
        var inner = new JinjaScope(scope);
        foreach (var (target, value) in with.Variables)
        {
            Assign(target, Evaluate(value, scope), inner);
        }

        return Execute(with.Body, inner);
    }

    private void Assign(JinjaTarget target, JinjaValue value, JinjaScope scope)
    {
        switch (target)
        {
            case JinjaTarget.Variable variable:
                Budget.Items(1);
                scope.Set(variable.Name, value);
                break;
            case JinjaTarget.Attribute attribute:
                Budget.Step(scope.Depth / 4);
                if (!scope.TryGet(attribute.Namespace, out var found) || found.Kind != JinjaKind.Object || found.Object is not JinjaNamespace attributes)
                {
                    throw JinjaFault.Failed($"'{attribute.Namespace}' is not a namespace: its attributes cannot be set");
                }

                Budget.Items(1);
                attributes.Set(attribute.Name, value);
                break;
            case JinjaTarget.Unpacking unpacking:
                JinjaOperators.RequireDefined(value);
                var items = Iterate(value);
                if (items.Count != unpacking.Items.Count)
                {
                    throw JinjaFault.Failed($"{items.Count} values cannot be unpacked into {unpacking.Items.Count} names");
                }

                for (var i = 0; i < items.Count; i++)
                {
                    Assign(unpacking.Items[i], items[i], scope);
                }

                break;
        }
    }

    private JinjaValue Filtered(string text, IReadOnlyList<JinjaFilterCall> filters, JinjaScope scope)
    {
        var value = JinjaValue.From(text);
        foreach (var filter in filters)
        {
            value = ApplyFilter(filter.Name, value, EvaluateArguments(filter.Arguments, scope, null));
        }

        return value;
    }

    private JinjaValue EvaluateCall(JinjaExpression.Call call, JinjaScope scope, JinjaMacro? caller)
    {
        var target = Evaluate(call.Target, scope);
        var arguments = EvaluateArguments(call.Arguments, scope, caller);
        Line = call.Line;
        return Call(target, arguments);
    }

    private JinjaArguments EvaluateArguments(JinjaCallArguments arguments, JinjaScope scope, JinjaMacro? caller)
    {
        if (ReferenceEquals(arguments, JinjaCallArguments.None) && caller is null)
        {
            return JinjaArguments.None;
        }

        List<JinjaValue> positional = [];
        foreach (var argument in arguments.Positional)
        {
            positional.Add(Evaluate(argument, scope));
        }

        if (arguments.Unpacked is not null)
        {
            positional.AddRange(Iterate(Evaluate(arguments.Unpacked, scope)));
        }

        List<KeyValuePair<string, JinjaValue>> named = [];
        foreach (var (name, value) in arguments.Named)
        {
            AddNamed(named, name, Evaluate(value, scope));
        }

        if (arguments.UnpackedNamed is not null)
        {
            var unpacked = Evaluate(arguments.UnpackedNamed, scope);
            if (unpacked.Kind != JinjaKind.Dictionary)
            {
                throw JinjaFault.Failed($"'**' unpacks a dictionary, not a {unpacked.TypeName}");
            }

            foreach (var (key, value) in unpacked.Dictionary.Entries)
            {
                AddNamed(named, key.IsText ? key.Text : throw JinjaFault.Failed("the name of an argument is text"), value);
            }
        }

        if (caller is not null)
        {
            AddNamed(named, "caller", JinjaValue.From(caller));
        }

        Budget.Items(positional.Count + named.Count);
        return new JinjaArguments(positional, named);
    }

    private void AddNamed(List<KeyValuePair<string, JinjaValue>> named, string name, JinjaValue value)
    {
        Budget.Step(named.Count);
        if (named.Exists(argument => string.Equals(argument.Key, name, StringComparison.Ordinal)))
        {
            throw JinjaFault.Failed($"a call gives '{name}' twice");
        }

        named.Add(new KeyValuePair<string, JinjaValue>(name, value));
    }

    private JinjaValue EvaluateComparison(JinjaExpression.Comparison comparison, JinjaScope scope)
    {
        var left = Evaluate(comparison.First, scope);
        foreach (var (@operator, operand) in comparison.Rest)
        {
            var right = Evaluate(operand, scope);
            if (!JinjaOperators.Compare(@operator, left, right, Budget))
            {
                return JinjaValue.False;
            }

            left = right;
        }

        return JinjaValue.True;
    }

    private JinjaValue EvaluateLogical(JinjaExpression.Logical logical, JinjaScope scope)
    {
        var left = Evaluate(logical.Left, scope);
        return left.IsTrue == logical.IsAnd ? Evaluate(logical.Right, scope) : left;
    }

    private JinjaValue EvaluateConditional(JinjaExpression.Conditional conditional, JinjaScope scope)
    {
        if (Evaluate(conditional.Condition, scope).IsTrue)
        {
            return Evaluate(conditional.Then, scope);
        }

        return conditional.Otherwise is null ? JinjaValue.Undefined("an 'if' without 'else' was false") : Evaluate(conditional.Otherwise, scope);
    }

    private JinjaValue EvaluateConcatenation(JinjaExpression.Concatenation concatenation, JinjaScope scope)
    {
        var parts = new string[concatenation.Parts.Count];
        long length = 0;
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = JinjaPrinter.ToText(Evaluate(concatenation.Parts[i], scope), Budget);
            length += parts[i].Length;
        }

        Budget.Text(length);
        return JinjaValue.From(string.Concat(parts));
    }

    private JinjaValue EvaluateSlice(JinjaExpression.Slice slice, JinjaScope scope)
    {
        var target = Evaluate(slice.Target, scope);
        JinjaValue? start = slice.Start is null ? null : Evaluate(slice.Start, scope);
        JinjaValue? stop = slice.Stop is null ? null : Evaluate(slice.Stop, scope);
        JinjaValue? step = slice.Step is null ? null : Evaluate(slice.Step, scope);
        return JinjaSlices.Cut(target, start, stop, step, Budget);
    }

    private JinjaValue EvaluateNegative(JinjaExpression.Negative negative, JinjaScope scope)
    {
        var value = Evaluate(negative.Operand, scope);
        return !negative.IsPlus ? JinjaOperators.Negate(value) : value.IsWhole ? JinjaValue.From(value.Integer) : value.IsNumber ? value : throw JinjaFault.Failed($"a {value.TypeName} cannot have a sign");
    }

    private JinjaValue EvaluateSequence(JinjaExpression.Sequence sequence, JinjaScope scope)
    {
        Budget.Items(sequence.Items.Count);
        var items = new List<JinjaValue>(sequence.Items.Count);
        foreach (var item in sequence.Items)
        {
            items.Add(Evaluate(item, scope));
        }

        return JinjaValue.From(new JinjaList(items, sequence.IsTuple));
    }

    private JinjaValue EvaluateMapping(JinjaExpression.Mapping mapping, JinjaScope scope)
    {
        Budget.Items(mapping.Entries.Count);
        var dictionary = new JinjaDictionary();
        foreach (var (key, value) in mapping.Entries)
        {
            dictionary.Set(Evaluate(key, scope), Evaluate(value, scope));
        }

        return JinjaValue.From(dictionary);
    }
}
