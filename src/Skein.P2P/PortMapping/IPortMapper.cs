namespace Skein.P2P.PortMapping;

/// <summary>One way to ask a home router for a port. Thread-safe.</summary>
public interface IPortMapper
{
    /// <summary><c>pcp</c>, <c>nat-pmp</c> or <c>upnp</c>.</summary>
    string Method { get; }

    /// <summary>Asks for a TCP port, or renews one: the same internal port asks for the same external one.</summary>
    /// <param name="internalPort">Our listening port.</param>
    /// <param name="suggestedExternalPort">What we would like, or had; the router may give another.</param>
    /// <param name="lifetime">How long we would like it.</param>
    /// <param name="cancellationToken">Safe: at worst the router keeps a port until its lifetime ends.</param>
    /// <returns>What the router gave, or why it gave nothing.</returns>
    ValueTask<PortMappingResult> MapAsync(int internalPort, int suggestedExternalPort, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Gives a port back. Best effort: a router that does not answer forgets it after its lifetime.</summary>
    ValueTask UnmapAsync(MappedPort mapping, CancellationToken cancellationToken);
}
