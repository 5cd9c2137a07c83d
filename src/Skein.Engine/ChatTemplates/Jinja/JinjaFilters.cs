using System.Collections.Frozen;
using static Skein.Engine.ChatTemplates.Jinja.JinjaSequenceFilters;
using static Skein.Engine.ChatTemplates.Jinja.JinjaTextFilters;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Jinja's filters, with <c>tojson</c> as the transformers library replaces it. Those for web pages, for chance and for debugging are left out.</summary>
internal static class JinjaFilters
{
    public static FrozenDictionary<string, JinjaMethod> All { get; } = new Dictionary<string, JinjaMethod>(StringComparer.Ordinal)
    {
        ["abs"] = (_, v, a) =>
        {
            a.RequireNone("abs");
            JinjaOperators.RequireDefined(v);
            return !v.IsNumber ? throw JinjaFault.Failed($"a {v.TypeName} has no absolute value") : v.Number < 0 ? JinjaOperators.Negate(v) : v.Kind == JinjaKind.Boolean ? JinjaValue.From(v.Integer) : v;
        },
        ["attr"] = (_, v, a) =>
        {
            var name = RequireText("attr", a.Bind("attr", 1, "name")[0]!.Value);
            JinjaOperators.RequireDefined(v);
            return v.Kind == JinjaKind.Object && v.Object.TryGetAttribute(name, out var value) ? value : JinjaValue.Undefined($"a {v.TypeName} has no such attribute");
        },
        ["batch"] = Batch,
        ["capitalize"] = (i, v, a) => Change(i, "capitalize", v, a, PythonText.Capitalize),
        ["center"] = (i, v, a) => JinjaTextMethods.All["center"](i, AsText(i, v), new JinjaArguments([a.Bind("center", 0, "width")[0] ?? JinjaValue.From(80L)], [])),
        ["count"] = Length,
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = DictSort,
        ["e"] = Escape,
        ["escape"] = Escape,
        ["first"] = (i, v, a) =>
        {
            a.RequireNone("first");
            return i.Iterate(v) is [var first, ..] ? first : JinjaValue.Undefined("there is no first item, the sequence is empty");
        },
        ["float"] = Float,
        ["forceescape"] = Escape,
        ["format"] = Format,
        ["groupby"] = GroupBy,
        ["indent"] = Indent,
        ["int"] = Int,
        ["items"] = (i, v, a) =>
        {
            a.RequireNone("items");
            return v.Kind switch
            {
                JinjaKind.Undefined => JinjaValue.FromList([]),
                JinjaKind.Dictionary => JinjaDictionaryMethods.Items(i, v.Dictionary),
                _ => throw JinjaFault.Failed($"a {v.TypeName} has no pairs: 'items' takes a dictionary"),
            };
        },
        ["join"] = Join,
        ["last"] = (i, v, a) =>
        {
            a.RequireNone("last");
            return i.Iterate(v) is [.., var last] ? last : JinjaValue.Undefined("there is no last item, the sequence is empty");
        },
        ["length"] = Length,
        ["list"] = (i, v, a) =>
        {
            a.RequireNone("list");
            return JinjaValue.FromList(i.Iterate(v));
        },
        ["lower"] = (i, v, a) => Change(i, "lower", v, a, text => text.ToLowerInvariant()),
        ["map"] = Map,
        ["max"] = (i, v, a) => Extreme(i, "max", v, a, sign: 1),
        ["min"] = (i, v, a) => Extreme(i, "min", v, a, sign: -1),
        ["reject"] = (i, v, a) => Select(i, v, a, byAttribute: false, keeps: false),
        ["rejectattr"] = (i, v, a) => Select(i, v, a, byAttribute: true, keeps: false),
        ["replace"] = Replace,
        ["reverse"] = Reverse,
        ["round"] = Round,
        ["safe"] = String,
        ["select"] = (i, v, a) => Select(i, v, a, byAttribute: false, keeps: true),
        ["selectattr"] = (i, v, a) => Select(i, v, a, byAttribute: true, keeps: true),
        ["slice"] = Slice,
        ["sort"] = Sort,
        ["string"] = String,
        ["sum"] = Sum,
        ["title"] = (i, v, a) => Change(i, "title", v, a, PythonText.TitleWords),
        ["tojson"] = ToJson,
        ["trim"] = (i, v, a) => JinjaTextMethods.All["strip"](i, AsText(i, v), a),
        ["truncate"] = Truncate,
        ["unique"] = Unique,
        ["upper"] = (i, v, a) => Change(i, "upper", v, a, text => text.ToUpperInvariant()),
        ["wordcount"] = WordCount,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    internal static JinjaValue AsText(JinjaInterpreter interpreter, JinjaValue value) => value.IsText ? value : JinjaValue.From(JinjaPrinter.ToText(value, interpreter.Budget));

    internal static string RequireText(string filter, JinjaValue value) => value.IsText ? value.Text : throw JinjaFault.Failed($"'{filter}' takes text, not a {value.TypeName}");

    internal static long RequireWhole(string filter, JinjaValue value) => value.IsWhole ? value.Integer : throw JinjaFault.Failed($"'{filter}' takes a whole number, not a {value.TypeName}");

    internal static bool IsTrue(JinjaValue? value) => value is { IsTrue: true };
}
