namespace Skein.P2P.Relay;

/// <summary>A place at a relay was won, lost or refused.</summary>
/// <param name="place">How it stands now.</param>
public sealed class RelayPlaceEventArgs(RelayPlace place) : EventArgs
{
    /// <summary>How it stands now.</summary>
    public RelayPlace Place { get; } = place;
}
