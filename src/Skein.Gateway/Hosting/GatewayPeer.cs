namespace Skein.Gateway.Hosting;

/// <summary>A node that the gateway was told of; which blocks it hosts, it says itself.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Host">Name or IP address.</param>
/// <param name="Port">TCP port.</param>
public sealed record GatewayPeer(string Name, string Host, int Port);
