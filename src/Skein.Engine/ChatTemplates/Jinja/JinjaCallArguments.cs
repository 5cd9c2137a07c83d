namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>The arguments of a call as written.</summary>
/// <param name="Positional">In order.</param>
/// <param name="Named">In order.</param>
/// <param name="Unpacked">After <c>*</c>, if any.</param>
/// <param name="UnpackedNamed">After <c>**</c>, if any.</param>
internal sealed record JinjaCallArguments(
    IReadOnlyList<JinjaExpression> Positional,
    IReadOnlyList<(string Name, JinjaExpression Value)> Named,
    JinjaExpression? Unpacked,
    JinjaExpression? UnpackedNamed)
{
    public static JinjaCallArguments None { get; } = new([], [], null, null);
}
