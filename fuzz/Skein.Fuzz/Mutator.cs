using System.Buffers.Binary;

namespace Skein.Fuzz;

/// <summary>Makes new inputs out of kept ones. The same seed gives the same inputs. One caller at a time.</summary>
public sealed class Mutator
{
    private const int MostChanges = 6;

    /// <summary>Numbers at which lengths, counts and signs break.</summary>
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 63, 64, 127, 128, 255, 256, 1000, 1024, 4095, 4096, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xff_ffff, 0x0100_0000,
        0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff,
    ];

    private readonly Random _random;
    private readonly IReadOnlyList<byte[]> _seeds;

    /// <param name="seed">Of the random numbers.</param>
    /// <param name="seeds">At least one input.</param>
    public Mutator(int seed, IReadOnlyList<byte[]> seeds)
    {
        ArgumentOutOfRangeException.ThrowIfZero(seeds.Count);
        _random = new Random(seed);
        _seeds = seeds;
    }

    /// <summary>An input of any kept one.</summary>
    public byte[] Next() => Next(_seeds[_random.Next(_seeds.Count)]);

    /// <summary>An input made of <paramref name="origin"/> by one to six changes.</summary>
    public byte[] Next(ReadOnlySpan<byte> origin)
    {
        var data = origin.ToArray().ToList();
        for (var changes = _random.Next(1, MostChanges + 1); changes > 0; changes--)
        {
            Change(data);
        }

        if (data.Count > FuzzRun.LargestInput)
        {
            data.RemoveRange(FuzzRun.LargestInput, data.Count - FuzzRun.LargestInput);
        }

        return [.. data];
    }

    private void Change(List<byte> data)
    {
        var at = _random.Next(data.Count + 1);
        var length = _random.Next(1, 33);
        switch (_random.Next(9))
        {
            case 0 when at < data.Count:
                data[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < data.Count:
                data[at] = (byte)_random.Next(256);
                break;
            case 2:
            case 3:
                Overwrite(data, at);
                break;
            case 4:
                data.RemoveRange(at, Math.Min(length, data.Count - at));
                break;
            case 5:
                data.RemoveRange(at, data.Count - at);
                break;
            case 6:
                data.InsertRange(at, data.GetRange(at, Math.Min(length, data.Count - at)));
                break;
            case 7:
                var noise = new byte[length];
                _random.NextBytes(noise);
                data.InsertRange(at, noise);
                break;
            default:
                Splice(data, at);
                break;
        }
    }

    /// <summary>Puts an edge number of 1 to 8 bytes, in either byte order, over what is there.</summary>
    private void Overwrite(List<byte> data, int at)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        var size = 1 << _random.Next(4);
        var value = Edges[_random.Next(Edges.Length)];
        if (_random.Next(4) == 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(number, value << (64 - (8 * size)));
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        }

        for (var i = 0; i < size && at + i < data.Count; i++)
        {
            data[at + i] = number[i];
        }
    }

    /// <summary>Goes on with the tail of another input.</summary>
    private void Splice(List<byte> data, int at)
    {
        var other = _seeds[_random.Next(_seeds.Count)];
        data.RemoveRange(at, data.Count - at);
        data.AddRange(other.AsSpan(_random.Next(other.Length + 1)));
    }
}
