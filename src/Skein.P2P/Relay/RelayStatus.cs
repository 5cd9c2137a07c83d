namespace Skein.P2P.Relay;

/// <summary>How a relay, or the peer behind it, answers. Values are those of the wire.</summary>
public enum RelayStatus
{
    /// <summary>No status was given.</summary>
    Unused = 0,

    /// <summary>Done.</summary>
    Ok = 100,

    /// <summary>The relay has no place for another reservation.</summary>
    ReservationRefused = 200,

    /// <summary>Too many circuits, of the caller, of the called, or in all.</summary>
    ResourceLimitExceeded = 201,

    /// <summary>The relay does not serve this peer, or not in this way.</summary>
    PermissionDenied = 202,

    /// <summary>The called peer did not take the circuit.</summary>
    ConnectionFailed = 203,

    /// <summary>The called peer has no reservation.</summary>
    NoReservation = 204,

    /// <summary>The message could not be read.</summary>
    MalformedMessage = 400,

    /// <summary>The message makes no sense at this place.</summary>
    UnexpectedMessage = 401,
}
