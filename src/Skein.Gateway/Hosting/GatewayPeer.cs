using Skein.Core.Identity;

namespace Skein.Gateway.Hosting;

/// <summary>A node that the gateway was told of.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Host">Name or IP address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Span">Blocks it hosts.</param>
public sealed record GatewayPeer(string Name, string Host, int Port, BlockSpan Span);
