namespace Skein.Lab.Router;

/// <summary>Where packets go that have come through.</summary>
internal interface IPacketSink
{
    /// <summary>Takes a packet for a port; its bytes are borrowed for the call.</summary>
    void Deliver(int port, ReadOnlySpan<byte> packet);
}
