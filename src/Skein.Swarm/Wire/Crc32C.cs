using System.Buffers.Binary;
using System.Numerics;

namespace Skein.Swarm.Wire;

/// <summary>CRC-32C (Castagnoli, RFC 3720), by the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    /// <summary>Begins a checksum.</summary>
    public const uint Start = 0xFFFF_FFFF;

    /// <summary>Takes bytes into a running checksum.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (var value in data)
        {
            state = BitOperations.Crc32C(state, value);
        }

        return state;
    }

    /// <summary>Ends a checksum.</summary>
    public static uint Finish(uint state) => ~state;
}
