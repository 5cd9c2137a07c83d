namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Functions that every template can call: Jinja's, and those that the transformers library adds for chat templates.</summary>
internal static class JinjaGlobals
{
    public static void Define(JinjaScope scope)
    {
        Add(scope, "range", Range);
        Add(scope, "namespace", Namespace);
        Add(scope, "dict", Dictionary);
        Add(scope, "cycler", (_, arguments) => JinjaValue.From(new JinjaCycler(arguments.Positional)));
        Add(scope, "joiner", (_, arguments) => JinjaValue.From(new JinjaJoiner(arguments.Bind("joiner", 0, "sep")[0] ?? JinjaValue.From(", "))));
        Add(scope, "raise_exception", RaiseException);
        Add(scope, "strftime_now", (interpreter, arguments) =>
        {
            var format = arguments.Bind("strftime_now", 1, "format")[0]!.Value;
            return JinjaValue.From(PythonTime.Format(interpreter.Time.GetLocalNow(), format.IsText ? format.Text : throw JinjaFault.Failed("strftime_now() takes text"), interpreter.Budget));
        });
    }

    private static void Add(JinjaScope scope, string name, Func<JinjaInterpreter, JinjaArguments, JinjaValue> body) => scope.Set(name, JinjaValue.From(new JinjaFunction(body)));

    private static JinjaValue Range(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        var bound = arguments.Bind("range", 1, "start", "stop", "step");
        var numbers = Array.ConvertAll(bound, value => value is null ? (long?)null : value.Value.IsWhole ? value.Value.Integer : throw JinjaFault.Failed($"range() takes whole numbers, not a {value.Value.TypeName}"));
        var (start, stop) = numbers[1] is { } end ? (numbers[0]!.Value, end) : (0, numbers[0]!.Value);
        var step = numbers[2] ?? 1;
        if (step is 0 or long.MinValue)
        {
            throw JinjaFault.Failed("the step of range() is zero or out of range");
        }

        // 128 bits: the ends may lie further apart than 64 bits can say.
        var span = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        var count = span <= 0 ? 0 : ((span - 1) / Math.Abs(step)) + 1;
        interpreter.Budget.Items(count > int.MaxValue ? int.MaxValue : (long)count);
        var items = new List<JinjaValue>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            items.Add(JinjaValue.From(start + (i * step)));
        }

        return JinjaValue.FromList(items);
    }

    private static JinjaValue Namespace(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        var result = new JinjaNamespace();
        foreach (var (key, value) in Dictionary(interpreter, arguments).Dictionary.Entries)
        {
            result.Set(key.IsText ? key.Text : throw JinjaFault.Failed("the name of an attribute is text"), value);
        }

        return JinjaValue.From(result);
    }

    private static JinjaValue Dictionary(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        if (arguments.Positional.Count > 1)
        {
            throw JinjaFault.Failed("a dictionary is made of one value and named ones");
        }

        var result = new JinjaDictionary();
        foreach (var source in arguments.Positional)
        {
            JinjaDictionaryMethods.CopyTo(interpreter, source, result);
        }

        foreach (var (name, value) in arguments.Named)
        {
            result.Set(name, value);
        }

        return JinjaValue.From(result);
    }

    private static JinjaValue RaiseException(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        var message = JinjaPrinter.ToText(arguments.Bind("raise_exception", 1, "message")[0]!.Value, interpreter.Budget);
        throw new JinjaFault(ChatTemplateError.Raised, message.Length <= JinjaLimits.QuotedText ? message : message[..JinjaLimits.QuotedText] + "...", interpreter.Line);
    }
}
