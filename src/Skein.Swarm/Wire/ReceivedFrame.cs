using System.Buffers;

namespace Skein.Swarm.Wire;

/// <summary>A frame whose checksum matched, in pooled memory. Whoever holds it returns it once.</summary>
/// <param name="Header">Its head.</param>
/// <param name="Buffer">Rented; the payload stands at the start.</param>
internal readonly record struct ReceivedFrame(FrameHeader Header, byte[] Buffer)
{
    /// <summary>The encoded rows.</summary>
    public ReadOnlySpan<byte> Payload => Buffer.AsSpan(0, Header.PayloadBytes);

    /// <summary>Bytes on the wire.</summary>
    public int Size => FrameHeader.Size + Header.PayloadBytes;

    /// <summary>Gives the memory back to the pool.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}
