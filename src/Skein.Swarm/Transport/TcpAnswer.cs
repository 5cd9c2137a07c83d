namespace Skein.Swarm.Transport;

/// <summary>The one byte that answers a <see cref="TcpPreamble"/>. Values travel on the wire: never renumber.</summary>
public enum TcpAnswer : byte
{
    /// <summary>The stream is open. Not zero, so that a stranger's zeros are no welcome.</summary>
    Accepted = 0xA1,

    /// <summary>Nobody serves the protocol.</summary>
    UnknownProtocol = 0xA2,

    /// <summary>Too many streams, from everybody or from this address.</summary>
    Busy = 0xA3,
}
