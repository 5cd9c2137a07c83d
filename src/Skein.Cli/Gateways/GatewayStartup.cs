using Skein.Cli.Models;
using Skein.Gateway.Hosting;

namespace Skein.Cli.Gateways;

/// <summary>Starts a gateway inside this process.</summary>
internal static class GatewayStartup
{
    /// <summary>Resolves the model, loads embedding and head, and listens.</summary>
    public static Task<RunningGateway> StartAsync(GatewayHostOptions options, CancellationToken cancellationToken)
        => RunningGateway.StartAsync(options, ModelCatalog.Resolver, TimeProvider.System, Output.Logs.Factory, cancellationToken);
}
