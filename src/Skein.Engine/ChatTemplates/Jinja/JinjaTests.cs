using System.Collections.Frozen;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Jinja's tests: what stands after <c>is</c>.</summary>
internal static class JinjaTests
{
    public static FrozenDictionary<string, Func<JinjaInterpreter, JinjaValue, JinjaArguments, bool>> All { get; } = Build().ToFrozenDictionary(StringComparer.Ordinal);

    private static Dictionary<string, Func<JinjaInterpreter, JinjaValue, JinjaArguments, bool>> Build()
    {
        var tests = new Dictionary<string, Func<JinjaInterpreter, JinjaValue, JinjaArguments, bool>>(StringComparer.Ordinal);
        void Is(string name, Func<JinjaValue, bool> test) => tests[name] = (_, value, arguments) =>
        {
            arguments.RequireNone(name);
            return test(value);
        };

        Is("defined", value => !value.IsUndefined);
        Is("undefined", value => value.IsUndefined);
        Is("none", value => value.IsNone);
        Is("boolean", value => value.Kind == JinjaKind.Boolean);
        Is("true", value => value.Kind == JinjaKind.Boolean && value.Boolean);
        Is("false", value => value.Kind == JinjaKind.Boolean && !value.Boolean);
        Is("integer", value => value.Kind == JinjaKind.Integer);
        Is("float", value => value.Kind == JinjaKind.Float);
        Is("number", value => value.IsNumber);
        Is("string", value => value.IsText);
        Is("mapping", value => value.Kind == JinjaKind.Dictionary);
        Is("sequence", value => value.Kind is JinjaKind.Text or JinjaKind.List or JinjaKind.Dictionary or JinjaKind.Undefined);
        Is("iterable", value => value.Kind is JinjaKind.Text or JinjaKind.List or JinjaKind.Dictionary or JinjaKind.Undefined);
        Is("callable", value => value.Kind == JinjaKind.Object && value.Object is JinjaCallable);
        Is("escaped", _ => false);
        tests["odd"] = (interpreter, value, _) => IsRemainder(interpreter, value, JinjaValue.From(2L), 1);
        tests["even"] = (interpreter, value, _) => IsRemainder(interpreter, value, JinjaValue.From(2L), 0);
        tests["divisibleby"] = (interpreter, value, arguments) => IsRemainder(interpreter, value, arguments.Bind("divisibleby", 1, "num")[0]!.Value, 0);
        tests["lower"] = (interpreter, value, _) => IsCase(interpreter, value, char.IsLower, char.IsUpper);
        tests["upper"] = (interpreter, value, _) => IsCase(interpreter, value, char.IsUpper, char.IsLower);
        tests["sameas"] = (_, value, arguments) => value.IsSame(arguments.Bind("sameas", 1, "other")[0]!.Value);
        tests["filter"] = (_, value, _) => value.IsText && JinjaFilters.All.ContainsKey(value.Text);
        tests["test"] = (_, value, _) => value.IsText && All.ContainsKey(value.Text);
        foreach (var (@operator, names) in new (string, string[])[]
        {
            ("==", ["==", "eq", "equalto"]),
            ("!=", ["!=", "ne"]),
            ("<", ["<", "lt", "lessthan"]),
            ("<=", ["<=", "le"]),
            (">", [">", "gt", "greaterthan"]),
            (">=", [">=", "ge"]),
            ("in", ["in"]),
        })
        {
            foreach (var name in names)
            {
                tests[name] = (interpreter, value, arguments) => JinjaOperators.Compare(@operator, value, arguments.Bind(name, 1, "other")[0]!.Value, interpreter.Budget);
            }
        }

        return tests;
    }

    private static bool IsRemainder(JinjaInterpreter interpreter, JinjaValue value, JinjaValue divisor, long expected)
        => JinjaOperators.AreEqual(JinjaOperators.Apply("%", value, divisor, interpreter.Budget), JinjaValue.From(expected), interpreter.Budget);

    private static bool IsCase(JinjaInterpreter interpreter, JinjaValue value, Func<char, bool> wanted, Func<char, bool> unwanted)
    {
        var text = JinjaPrinter.ToText(value, interpreter.Budget);
        interpreter.Budget.Scan(text.Length * 8L);
        return text.Any(wanted) && !text.Any(unwanted);
    }
}
