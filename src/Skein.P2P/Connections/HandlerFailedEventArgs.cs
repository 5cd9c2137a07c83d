using Skein.P2P.Identity;

namespace Skein.P2P.Connections;

/// <summary>A handler of a protocol threw.</summary>
/// <param name="peer">Whose stream it served.</param>
/// <param name="protocol">Which protocol.</param>
/// <param name="fault">What it threw.</param>
public sealed class HandlerFailedEventArgs(PeerId peer, string protocol, Exception fault) : EventArgs
{
    /// <summary>Whose stream it served.</summary>
    public PeerId Peer { get; } = peer;

    /// <summary>Which protocol.</summary>
    public string Protocol { get; } = protocol;

    /// <summary>What it threw.</summary>
    public Exception Fault { get; } = fault;
}
