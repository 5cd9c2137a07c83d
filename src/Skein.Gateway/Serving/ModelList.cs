namespace Skein.Gateway.Serving;

/// <summary>The models that can be asked.</summary>
/// <param name="Data">In order of their names.</param>
public sealed record ModelList(IReadOnlyList<ModelObject> Data)
{
    /// <summary>Always <c>list</c>.</summary>
    public string Object { get; } = "list";
}
