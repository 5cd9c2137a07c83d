namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A value with attributes of its own: a function, a macro, a namespace, the loop.</summary>
internal abstract class JinjaObject
{
    /// <summary>What messages call it.</summary>
    public abstract string TypeName { get; }

    public virtual bool TryGetAttribute(string name, out JinjaValue value)
    {
        value = default;
        return false;
    }
}
