namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What a value can be assigned to.</summary>
internal abstract class JinjaTarget
{
    internal sealed class Variable(string name) : JinjaTarget
    {
        public string Name { get; } = name;
    }

    /// <summary>An attribute of a namespace.</summary>
    internal sealed class Attribute(string @namespace, string name) : JinjaTarget
    {
        public string Namespace { get; } = @namespace;

        public string Name { get; } = name;
    }

    internal sealed class Unpacking(IReadOnlyList<JinjaTarget> items) : JinjaTarget
    {
        public IReadOnlyList<JinjaTarget> Items { get; } = items;
    }
}
