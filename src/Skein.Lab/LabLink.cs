using Skein.Lab.Links;

namespace Skein.Lab;

/// <summary>What the line from one host to another does, where it differs from the laboratory's default.</summary>
/// <param name="From">Name of the host that sends.</param>
/// <param name="To">Name of the host that receives.</param>
/// <param name="Settings">What the line does in this direction.</param>
public sealed record LabLink(string From, string To, LinkSettings Settings);
