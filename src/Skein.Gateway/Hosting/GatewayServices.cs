using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Skein.Gateway.Chat;
using Skein.Gateway.Completions;
using Skein.Gateway.Documentation;
using Skein.Gateway.OnePort;
using Skein.Gateway.Replies;
using Skein.Gateway.Serving;
using Skein.Gateway.Telemetry;

namespace Skein.Gateway.Hosting;

/// <summary>Adds the gateway to an ASP.NET Core application.</summary>
public static class GatewayServices
{
    // Paths here are short; bodies carry what is long.
    private const int MaxRequestLine = 8 * 1024;

    // Browsers and proxies send some thirty.
    private const int MaxHeaders = 100;

    /// <summary>Registers what <see cref="GatewayRoutes.MapSkeinGateway"/> needs and sets the server's limits.</summary>
    /// <param name="services">The application's services; a <see cref="TimeProvider"/> that is there already is used.</param>
    /// <param name="options">What to listen on and how much to take.</param>
    /// <param name="models">What to serve; borrowed.</param>
    /// <exception cref="ArgumentException">The options cannot work.</exception>
    public static IServiceCollection AddSkeinGateway(this IServiceCollection services, GatewayOptions options, ServedModels models)
    {
        options.Validate();
        services.AddSingleton(options);
        services.AddSingleton(models);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<AdmissionGate>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<ReplyRunner>();
        services.AddSingleton<ChatEndpoint>();
        services.AddSingleton<CompletionEndpoint>();
        services.AddSingleton<PeerWebSockets>();
        services.AddMetrics();
        ApiDescription.Add(services);
        services.ConfigureHttpJsonOptions(json =>
        {
            // The API's description is made from these, so they must write what the generated context writes.
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
            json.SerializerOptions.PropertyNamingPolicy = GatewayJson.Default.Options.PropertyNamingPolicy;
            json.SerializerOptions.NumberHandling = GatewayJson.Default.Options.NumberHandling;
            json.SerializerOptions.DefaultIgnoreCondition = GatewayJson.Default.Options.DefaultIgnoreCondition;
        });
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes.Bytes;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = options.MaxPeerWebSockets;
            kestrel.Limits.RequestHeadersTimeout = options.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = options.IdleTimeout;
            kestrel.Limits.MaxRequestHeadersTotalSize = (int)options.MaxHeadersBytes.Bytes;
            kestrel.Limits.MaxRequestLineSize = (int)Math.Min(MaxRequestLine, options.MaxHeadersBytes.Bytes);
            kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
        });
        return services;
    }
}
