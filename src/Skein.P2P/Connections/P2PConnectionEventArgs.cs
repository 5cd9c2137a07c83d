namespace Skein.P2P.Connections;

/// <summary>Something happened to a connection.</summary>
/// <param name="connection">Which.</param>
public sealed class P2PConnectionEventArgs(P2PConnection connection) : EventArgs
{
    /// <summary>Which.</summary>
    public P2PConnection Connection { get; } = connection;
}
