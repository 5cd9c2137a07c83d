namespace Skein.Fuzz.Tests;

/// <param name="Type">Where it is.</param>
/// <param name="Method">Null: the whole type.</param>
internal readonly record struct FoundDecoder(Type Type, string? Method)
{
    /// <summary>Whether a target says that it covers this.</summary>
    public bool IsCoveredBy(FuzzesAttribute fuzzes)
        => fuzzes.Decoder == Type && (fuzzes.Methods.Count == 0 || (Method is not null && fuzzes.Methods.Contains(Method, StringComparer.Ordinal)));

    public override string ToString() => Method is null ? Type.FullName! : $"{Type.FullName}.{Method}";
}
