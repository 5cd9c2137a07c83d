namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What <c>cycler(...)</c> makes.</summary>
internal sealed class JinjaCycler(IReadOnlyList<JinjaValue> items) : JinjaObject
{
    private int _at;

    public override string TypeName => "cycler";

    private JinjaValue Current => items.Count > 0 ? items[_at] : throw JinjaFault.Failed("cycler() needs something to cycle through");

    public override bool TryGetAttribute(string name, out JinjaValue value)
    {
        value = name switch
        {
            "current" => Current,
            "next" => JinjaValue.From(new JinjaFunction((_, _) =>
            {
                var current = Current;
                _at = (_at + 1) % items.Count;
                return current;
            })),
            "reset" => JinjaValue.From(new JinjaFunction((_, _) =>
            {
                _at = 0;
                return JinjaValue.None;
            })),
            _ => default,
        };
        return !value.IsUndefined;
    }
}
