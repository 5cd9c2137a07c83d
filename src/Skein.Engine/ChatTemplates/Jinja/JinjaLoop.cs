namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class JinjaLoop(List<JinjaValue> items) : JinjaObject
{
    private JinjaValue? _lastChanged;

    public override string TypeName => "loop";

    /// <summary>Round, from 0.</summary>
    public int Index { get; set; }

    public override bool TryGetAttribute(string name, out JinjaValue value)
    {
        JinjaValue? found = name switch
        {
            "index" => JinjaValue.From(Index + 1L),
            "index0" => JinjaValue.From((long)Index),
            "revindex" => JinjaValue.From((long)items.Count - Index),
            "revindex0" => JinjaValue.From(items.Count - Index - 1L),
            "first" => JinjaValue.From(Index == 0),
            "last" => JinjaValue.From(Index == items.Count - 1),
            "length" => JinjaValue.From((long)items.Count),

            // Jinja counts levels of recursive loops only.
            "depth" => JinjaValue.From(1L),
            "depth0" => JinjaValue.From(0L),
            "previtem" => Index > 0 ? items[Index - 1] : JinjaValue.Undefined("there is no previous item"),
            "nextitem" => Index + 1 < items.Count ? items[Index + 1] : JinjaValue.Undefined("there is no next item"),
            "cycle" => JinjaValue.From(new JinjaFunction(Cycle)),
            "changed" => JinjaValue.From(new JinjaFunction(Changed)),
            _ => null,
        };
        value = found ?? default;
        return found is not null;
    }

    private JinjaValue Cycle(JinjaInterpreter interpreter, JinjaArguments arguments)
        => arguments.Positional.Count > 0 ? arguments.Positional[Index % arguments.Positional.Count] : throw JinjaFault.Failed("cycle() needs something to cycle through");

    private JinjaValue Changed(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        var current = JinjaValue.FromTuple([.. arguments.Positional]);
        if (_lastChanged is { } last && JinjaOperators.AreEqual(last, current, interpreter.Budget))
        {
            return JinjaValue.False;
        }

        _lastChanged = current;
        return JinjaValue.True;
    }
}
