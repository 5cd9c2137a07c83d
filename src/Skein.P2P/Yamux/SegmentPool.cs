namespace Skein.P2P.Yamux;

/// <summary>Segments of receive buffers, shared by all sessions of the process. Thread-safe.</summary>
/// <remarks>The shared array pool keeps some dozens of arrays of a size; the window of one bulk stream alone takes 32 to 512 segments.</remarks>
internal static class SegmentPool
{
    public const int SegmentSize = 32 * 1024;

    // 16 MiB, one stream's largest window: what a process keeps at most after a burst.
    private const int MaxKept = 512;

    private static readonly Lock Gate = new();
    private static readonly byte[][] Kept = new byte[MaxKept][];
    private static int _count;

    public static byte[] Rent()
    {
        lock (Gate)
        {
            if (_count > 0)
            {
                return Kept[--_count];
            }
        }

        return GC.AllocateUninitializedArray<byte>(SegmentSize);
    }

    public static void Return(byte[] segment)
    {
        lock (Gate)
        {
            if (_count < MaxKept)
            {
                Kept[_count++] = segment;
            }
        }
    }
}
