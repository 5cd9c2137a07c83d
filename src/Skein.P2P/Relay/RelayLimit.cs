using Skein.P2P.Wire;

namespace Skein.P2P.Relay;

/// <summary>What a circuit may carry before the relay cuts it.</summary>
/// <param name="Duration">How long it may last, in whole seconds; zero for no bound.</param>
/// <param name="Data">Bytes that it may carry in each direction; zero for no bound.</param>
public sealed record RelayLimit(TimeSpan Duration, long Data)
{
    /// <summary>Whether there is no bound at all.</summary>
    public bool IsUnlimited => Duration == TimeSpan.Zero && Data == 0;

    /// <summary>For people.</summary>
    public override string ToString() => string.Join(" and ", new[] { Data == 0 ? null : $"{Data} bytes each way", Duration == TimeSpan.Zero ? null : $"{Duration.TotalSeconds:0} s" }.Where(part => part is not null));

    internal static bool TryRead(ReadOnlySpan<byte> encoded, out RelayLimit? limit)
    {
        limit = null;
        var reader = new ProtoReader(encoded);
        uint duration = 0;
        ulong data = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    duration = (uint)Math.Min(reader.ReadVarint(), uint.MaxValue);
                    break;
                case 2:
                    data = reader.ReadVarint();
                    break;
            }
        }

        if (reader.Malformed)
        {
            return false;
        }

        limit = new RelayLimit(TimeSpan.FromSeconds(duration), (long)Math.Min(data, long.MaxValue));
        return true;
    }

    internal ProtoWriter Write() => new ProtoWriter().Varint(1, (ulong)Duration.TotalSeconds).Varint(2, (ulong)Data);
}
