namespace Skein.P2P.PortMapping;

/// <summary>What came of asking a router.</summary>
/// <param name="Mapping">The port, or null.</param>
/// <param name="Failure">Why there is none.</param>
/// <param name="Detail">For people: what the router said.</param>
public sealed record PortMappingResult(MappedPort? Mapping, PortMappingFailure Failure, string Detail)
{
    /// <summary>The router gave a port.</summary>
    public static PortMappingResult Success(MappedPort mapping) => new(mapping, PortMappingFailure.None, $"port {mapping.External.Port} by {mapping.Method}");

    /// <summary>There is no port.</summary>
    public static PortMappingResult Failed(PortMappingFailure failure, string detail) => new(null, failure, detail);
}
