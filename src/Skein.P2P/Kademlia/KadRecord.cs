namespace Skein.P2P.Kademlia;

/// <summary>A value under a key.</summary>
/// <param name="Key">Text of the form <c>/namespace/...</c>; the namespace picks the validator.</param>
/// <param name="Value">What is stored.</param>
/// <param name="TimeReceived">RFC 3339, set by whoever stores it; empty otherwise.</param>
public sealed record KadRecord(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, string TimeReceived);
