using System.Net;
using Skein.Core.Units;
using Skein.Lab.Units;

namespace Skein.Lab.Router;

/// <summary>One port of the router: the access line of a host, shared by all it sends and receives.</summary>
/// <param name="Addresses">Where packets are addressed that leave by this port.</param>
/// <param name="Up">How fast the host sends.</param>
/// <param name="Down">How fast it receives.</param>
/// <param name="Queue">Bound of each direction's queue; null for 100 ms of its rate and at least 64 KiB.</param>
internal sealed record PortSettings(IReadOnlyList<IPAddress> Addresses, BitRate Up, BitRate Down, ByteSize? Queue);
