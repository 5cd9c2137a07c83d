using System.Net;
using System.Net.Sockets;

namespace Skein.Cli.Network;

/// <summary>Says what to do where nothing can listen.</summary>
internal static class ListenFault
{
    /// <summary>The failure in a user's terms; null if it is about something else.</summary>
    /// <param name="failure">What starting ended with.</param>
    /// <param name="option">The option by which a user chooses another place.</param>
    /// <param name="wanted">Where it should listen: one of these failed.</param>
    public static string? Explain(Exception failure, string option, params IReadOnlyList<IPEndPoint> wanted) => SocketErrorOf(failure) switch
    {
        SocketError.AddressAlreadyInUse => $"Port {string.Join(" or ", wanted.Select(place => place.Port).Distinct())} is in use by another program; choose another with {option}, or 0 for any free one.",
        SocketError.AddressNotAvailable => $"Nothing can listen at {string.Join(" or ", wanted)}: this machine has no such address. Choose another with {option}.",
        SocketError.AccessDenied => $"Nothing may listen at {string.Join(" or ", wanted)}: the system forbids it, as it usually does for ports below 1024. Choose another with {option}.",
        _ => null,
    };

    private static SocketError? SocketErrorOf(Exception? fault)
    {
        for (; fault is not null; fault = fault.InnerException)
        {
            if (fault is SocketException socket)
            {
                return socket.SocketErrorCode;
            }
        }

        return null;
    }
}
