namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What <c>groupby</c> gives for each key: a tuple of key and members, which also go by name.</summary>
internal sealed class JinjaGroup(JinjaValue key, List<JinjaValue> members) : JinjaList([key, JinjaValue.FromList(members)], isTuple: true)
{
    public JinjaValue Key => Items[0];

    public List<JinjaValue> Members => Items[1].List.Items;
}
