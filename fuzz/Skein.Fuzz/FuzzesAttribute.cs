namespace Skein.Fuzz;

/// <summary>Says which decoder a target covers.</summary>
/// <param name="decoder">The type that holds it.</param>
/// <param name="methods">The covered methods; none means all of the type.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class FuzzesAttribute(Type decoder, params string[] methods) : Attribute
{
    public Type Decoder { get; } = decoder;

    public IReadOnlyList<string> Methods { get; } = methods;
}
