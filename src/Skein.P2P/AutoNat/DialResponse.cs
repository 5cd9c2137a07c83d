namespace Skein.P2P.AutoNat;

/// <summary>Says what came of a request.</summary>
/// <param name="Status">Whether it was served.</param>
/// <param name="AddressIndex">Which of the addresses was dialled, from 0; means nothing unless served.</param>
/// <param name="Dial">What came of that.</param>
public sealed record DialResponse(AutoNatStatus Status, int AddressIndex, DialStatus Dial);
