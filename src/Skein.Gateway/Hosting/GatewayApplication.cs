using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Hosting;

/// <summary>The gateway as an application of its own.</summary>
public static class GatewayApplication
{
    // Replies that still run when the gateway is told to stop get this long.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Builds the gateway, not yet listening: call <see cref="WebApplication.StartAsync"/>, then read <see cref="WebApplication.Urls"/>.</summary>
    /// <param name="options">What to listen on and how much to take.</param>
    /// <param name="models">What to serve; borrowed: dispose the models' generators after the application.</param>
    /// <param name="configure">Logging and whatever else the caller decides.</param>
    /// <exception cref="ArgumentException">The options cannot work.</exception>
    public static WebApplication Create(GatewayOptions options, ServedModels models, Action<WebApplicationBuilder>? configure = null)
    {
        // Empty: no configuration files or variables of the host's that nobody documented.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(options.Listen));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddSkeinGateway(options, models);
        configure?.Invoke(builder);
        return builder.Build().MapSkeinGateway();
    }
}
