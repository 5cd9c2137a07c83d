namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>What a value is. Names follow Jinja's, which follow Python's.</summary>
internal enum JinjaKind : byte
{
    /// <summary>Nothing of that name; <c>default</c> of the value type on purpose.</summary>
    Undefined,

    None,

    Boolean,

    /// <summary>64 bits; what would overflow fails, where Python would go on.</summary>
    Integer,

    Float,

    Text,

    /// <summary>A list or a tuple.</summary>
    List,

    Dictionary,

    /// <summary>Functions, macros, namespaces, the loop.</summary>
    Object,
}
