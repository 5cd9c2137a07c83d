namespace Skein.Gateway.Serving;

/// <summary>A model that can be asked.</summary>
/// <param name="Id">What to write as <c>model</c>.</param>
/// <param name="Created">When it began to be served, in seconds since 1970.</param>
/// <param name="ContextLength">The most tokens that prompt and reply may have together.</param>
public sealed record ModelObject(string Id, long Created, int ContextLength)
{
    /// <summary>Always <c>model</c>.</summary>
    public string Object { get; } = "model";

    /// <summary>Who offers it.</summary>
    public string OwnedBy { get; } = "skein";

    internal static ModelObject Of(ServedModel model) => new(model.Name, model.Created.ToUnixTimeSeconds(), model.ContextLength);
}
