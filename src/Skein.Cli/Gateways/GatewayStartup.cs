using System.Net.Sockets;
using Skein.Cli.Configuration;
using Skein.Cli.Models;
using Skein.Gateway.Hosting;

namespace Skein.Cli.Gateways;

/// <summary>Starts a gateway inside this process.</summary>
internal static class GatewayStartup
{
    /// <summary>Resolves the model, loads embedding and head, and listens.</summary>
    /// <param name="options">What to serve.</param>
    /// <param name="portOption">The option by which a user chooses another port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UsageException">Nothing can listen at the address.</exception>
    public static async Task<RunningGateway> StartAsync(GatewayHostOptions options, string portOption, CancellationToken cancellationToken)
    {
        try
        {
            return await RunningGateway.StartAsync(options, ModelCatalog.Resolver, TimeProvider.System, Output.Logs.Factory, cancellationToken);
        }
        catch (IOException e) when (SocketErrorOf(e) == SocketError.AddressAlreadyInUse)
        {
            throw new UsageException($"Port {options.Listen.Port} is in use by another program; choose another with {portOption}, or 0 for any free one.");
        }
        catch (Exception e) when (SocketErrorOf(e) is SocketError.AddressNotAvailable or SocketError.AccessDenied)
        {
            throw new UsageException($"Nothing can listen at {options.Listen} ({SocketErrorOf(e)}); choose another address or port with {portOption}.");
        }
    }

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
