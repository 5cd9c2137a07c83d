namespace Skein.Lab.Router;

/// <summary>A packet on its way through the router.</summary>
/// <param name="Buffer">Its bytes, in a buffer of the router's pool.</param>
/// <param name="Length">How many of them.</param>
/// <param name="Link">Which directed link it takes.</param>
internal readonly record struct Packet(byte[] Buffer, int Length, int Link);
