using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Skein.Gateway.OnePort;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Hosting;

/// <summary>The gateway as an application of its own.</summary>
public static class GatewayApplication
{
    // Replies that still run when the gateway is told to stop get this long.
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    // As long as libp2p's own handshake may take.
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Builds the gateway, not yet listening: call <see cref="WebApplication.StartAsync"/>, then read <see cref="WebApplication.Urls"/>.</summary>
    /// <param name="options">What to listen on and how much to take.</param>
    /// <param name="models">What to serve; borrowed: dispose the models' generators after the application.</param>
    /// <param name="configure">Logging and whatever else the caller decides.</param>
    /// <param name="port">Where connections come from, if libp2p has the port: <see cref="GatewayOptions.Listen"/> then says which it took. Null to listen with sockets of Kestrel's own.</param>
    /// <exception cref="ArgumentException">The options cannot work.</exception>
    public static WebApplication Create(GatewayOptions options, ServedModels models, Action<WebApplicationBuilder>? configure = null, SharedPort? port = null)
    {
        // Empty: no configuration files or variables of the host's that nobody documented.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, options, port));
        if (port is not null)
        {
            builder.Services.AddSingleton<IConnectionListenerFactory, SharedPortTransport>();
        }

        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddSkeinGateway(options, models);
        configure?.Invoke(builder);
        return builder.Build().MapSkeinGateway();
    }

    private static void Listen(KestrelServerOptions kestrel, GatewayOptions options, SharedPort? port)
    {
        if (port is null)
        {
            kestrel.Listen(options.Listen, listen => Speak(listen, options.Certificate));
            return;
        }

        kestrel.Listen(port.HttpAt(options.Listen), listen => Speak(listen, null));
        if (options.Certificate is { } certificate)
        {
            kestrel.Listen(port.TlsAt(options.Listen), listen => Speak(listen, certificate));
        }
    }

    private static void Speak(ListenOptions listen, GatewayCertificate? certificate)
    {
        // Nothing here gains by HTTP/2, and a WebSocket inside it would share its window with others.
        listen.Protocols = HttpProtocols.Http1;
        if (certificate is not null)
        {
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = certificate.Leaf,
                ServerCertificateChain = certificate.Chain,
                HandshakeTimeout = HandshakeTimeout,
            });
        }
    }
}
