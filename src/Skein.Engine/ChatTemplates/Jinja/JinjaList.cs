namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A list, or a tuple: the same with another way to print and to compare.</summary>
internal class JinjaList(List<JinjaValue> items, bool isTuple)
{
    public List<JinjaValue> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;
}
