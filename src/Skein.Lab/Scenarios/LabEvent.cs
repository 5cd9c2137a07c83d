using Skein.Lab.Links;

namespace Skein.Lab.Scenarios;

/// <summary>Something that happens in a laboratory at a time.</summary>
/// <param name="At">When, from the moment that all processes of the scenario are ready.</param>
/// <param name="Action">What.</param>
/// <param name="Hosts">To whom: one host, or the two ends of a line.</param>
/// <param name="Change">What a line that is slowed does from then on; nothing otherwise.</param>
public sealed record LabEvent(TimeSpan At, LabAction Action, IReadOnlyList<string> Hosts, LinkChange Change)
{
    /// <summary>For people: <c>Cut anna ben</c>.</summary>
    public override string ToString() => $"{Action} {string.Join(' ', Hosts)}";
}
