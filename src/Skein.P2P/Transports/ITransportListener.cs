using Skein.P2P.Addressing;

namespace Skein.P2P.Transports;

/// <summary>A place where connections arrive; disposing it ends that, and leaves connections alone.</summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>Where, with the port that was taken. Unspecified addresses are spread over those of the machine.</summary>
    IReadOnlyList<Multiaddr> Addresses { get; }
}
