using Skein.Cli.Configuration;
using Skein.Cli.Models;
using Skein.Cli.Network;
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
        catch (Exception e) when (ListenFault.Explain(e, portOption, options.Listen) is { } fault)
        {
            throw new UsageException(fault);
        }
    }
}
