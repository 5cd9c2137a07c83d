namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What <c>namespace()</c> makes: the one object whose attributes a template may set.</summary>
internal sealed class JinjaNamespace : JinjaObject
{
    private readonly Dictionary<string, JinjaValue> _attributes = new(StringComparer.Ordinal);

    public override string TypeName => "namespace";

    public override bool TryGetAttribute(string name, out JinjaValue value) => _attributes.TryGetValue(name, out value);

    public void Set(string name, JinjaValue value) => _attributes[name] = value;
}
