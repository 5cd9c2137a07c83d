using System.Collections.Frozen;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Methods of Python's <c>list</c> and <c>tuple</c>. The sandbox of the transformers library forbids those that change a list; templates made for other engines use them.</summary>
internal static class JinjaListMethods
{
    public static FrozenDictionary<string, JinjaMethod> All { get; } = new Dictionary<string, JinjaMethod>(StringComparer.Ordinal)
    {
        ["append"] = (i, v, a) => Change(i, v, 1, list => list.Add(a.Bind("append", 1, "object")[0]!.Value)),
        ["extend"] = (i, v, a) =>
        {
            var items = i.Iterate(a.Bind("extend", 1, "iterable")[0]!.Value);
            return Change(i, v, items.Count, list => list.AddRange(items));
        },
        ["insert"] = (i, v, a) =>
        {
            var bound = a.Bind("insert", 2, "index", "object");
            i.Budget.Step(v.List.Items.Count);
            return Change(i, v, 1, list => list.Insert((int)JinjaSlices.Resolve(list.Count, bound[0], null, null).Start, bound[1]!.Value));
        },
        ["pop"] = Pop,
        ["reverse"] = (i, v, a) =>
        {
            a.RequireNone("reverse");
            i.Budget.Step(v.List.Items.Count);
            return Change(i, v, 0, list => list.Reverse());
        },
        ["clear"] = (i, v, a) =>
        {
            a.RequireNone("clear");
            return Change(i, v, 0, list => list.Clear());
        },
        ["copy"] = (i, v, a) =>
        {
            a.RequireNone("copy");
            return JinjaValue.FromList(i.Iterate(v));
        },
        ["index"] = (i, v, a) =>
        {
            var wanted = a.Bind("index", 1, "value")[0]!.Value;
            var index = v.List.Items.FindIndex(item => IsEqual(i, item, wanted));
            return index >= 0 ? JinjaValue.From((long)index) : throw JinjaFault.Failed("the value searched for is not in the list");
        },
        ["count"] = (i, v, a) =>
        {
            var wanted = a.Bind("count", 1, "value")[0]!.Value;
            return JinjaValue.From((long)v.List.Items.Count(item => IsEqual(i, item, wanted)));
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static JinjaValue Change(JinjaInterpreter interpreter, JinjaValue value, int added, Action<List<JinjaValue>> change)
    {
        if (value.List.IsTuple)
        {
            throw JinjaFault.Failed("a tuple cannot be changed");
        }

        interpreter.Budget.Items(added);
        change(value.List.Items);
        return JinjaValue.None;
    }

    private static JinjaValue Pop(JinjaInterpreter interpreter, JinjaValue value, JinjaArguments arguments)
    {
        var index = arguments.Bind("pop", 0, "index")[0] is { } given
            ? given.IsWhole ? given.Integer : throw JinjaFault.Failed($"pop() takes a whole number, not a {given.TypeName}")
            : -1;
        index += index < 0 ? value.List.Items.Count : 0;
        if (index < 0 || index >= value.List.Items.Count)
        {
            throw JinjaFault.Failed("pop() of an entry that is not there");
        }

        interpreter.Budget.Step(value.List.Items.Count - index);
        var item = value.List.Items[(int)index];
        Change(interpreter, value, 0, list => list.RemoveAt((int)index));
        return item;
    }

    private static bool IsEqual(JinjaInterpreter interpreter, JinjaValue left, JinjaValue right)
    {
        interpreter.Budget.Step();
        return JinjaOperators.AreEqual(left, right, interpreter.Budget);
    }
}
