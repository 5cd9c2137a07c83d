namespace Skein.Lab.Control;

/// <summary>How a host of a running laboratory is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="PublicAddress">The address that others see.</param>
/// <param name="OwnAddress">The address that it has itself.</param>
/// <param name="Nat">What stands between it and the internet.</param>
/// <param name="Namespace">Its network namespace, for <c>ip netns exec</c>.</param>
/// <param name="Running">Numbers of its processes that run.</param>
public sealed record LabHostStatus(
    string Name,
    string PublicAddress,
    string OwnAddress,
    string Nat,
    string Namespace,
    IReadOnlyList<int> Running);
