using Skein.P2P.HolePunching;

namespace Skein.Interop.Tests;

/// <summary>How a call through a relay went.</summary>
internal sealed record HomeReport(HolePunchResult Result, int Tries, string Reason, bool IsDirect);
