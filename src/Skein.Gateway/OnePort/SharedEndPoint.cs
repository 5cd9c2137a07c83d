using System.Net;

namespace Skein.Gateway.OnePort;

/// <summary>One protocol's share of a port, as something to listen on. An IP endpoint, so that Kestrel names it as it names its own.</summary>
internal sealed class SharedEndPoint(SharedPortQueue queue, IPEndPoint bound) : IPEndPoint(bound.Address, bound.Port)
{
    /// <summary>What arrives.</summary>
    public SharedPortQueue Queue { get; } = queue;
}
