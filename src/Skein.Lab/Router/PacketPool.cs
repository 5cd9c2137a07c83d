namespace Skein.Lab.Router;

/// <summary>Buffers for packets, made when first needed and never given back to the runtime while the router lives.</summary>
/// <remarks>Owned by the router's turn: not thread-safe.</remarks>
internal sealed class PacketPool
{
    /// <summary>One Ethernet packet of 1,500 bytes, rounded up.</summary>
    public const int BufferBytes = 2_048;

    /// <summary>64 MiB: a gigabit line 400 ms long is full. More under way is dropped like a full queue.</summary>
    private const int MostBuffers = 32_768;

    private readonly Stack<byte[]> _free = new();
    private int _made;

    /// <summary>Buffers that are out.</summary>
    public int Rented => _made - _free.Count;

    /// <summary>Hands out a buffer; null when all are out.</summary>
    public byte[]? TryRent()
    {
        if (_free.TryPop(out var buffer))
        {
            return buffer;
        }

        if (_made == MostBuffers)
        {
            return null;
        }

        _made++;
        return new byte[BufferBytes];
    }

    /// <summary>Takes a buffer back.</summary>
    public void Return(byte[] buffer) => _free.Push(buffer);
}
