using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Skein.Gguf;

/// <summary>Reads a header front to back through one bounded buffer. One caller at a time.</summary>
/// <remarks>Reads grow from 64 KiB to 1 MiB: a small file costs one read, and a large vocabulary over HTTP few.</remarks>
internal sealed class HeaderCursor
{
    private const int FirstRead = 64 << 10;
    private const int LargestRead = 1 << 20;

    /// <summary>Throws on bytes that are not UTF-8, instead of replacing them: what is written again equals what was read.</summary>
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IRangeSource _source;
    private readonly long _headerLimit;
    private readonly byte[] _buffer;
    private int _start;
    private int _end;
    private long _fetched;
    private int _nextRead = FirstRead;

    public HeaderCursor(IRangeSource source, long headerLimit)
    {
        _source = source;
        _headerLimit = headerLimit;
        _buffer = new byte[Math.Min(LargestRead, Math.Max(source.Length, sizeof(ulong)))];
    }

    /// <summary>Bytes consumed.</summary>
    public long Position => _fetched - (_end - _start);

    /// <summary>Throws unless <paramref name="count"/> items of at least <paramref name="leastBytes"/> each can still follow: asked before memory is taken for them.</summary>
    public void Require(ulong count, int leastBytes, string what)
    {
        var remaining = (ulong)(_source.Length - Position);
        if (count > remaining / (ulong)leastBytes)
        {
            throw new GgufException(GgufError.Truncated, $"{_source.Name} announces {count} {what} at byte {Position}; the {remaining} bytes that follow cannot hold them. The file is cut short or malformed; fetch it again.");
        }

        if (count > (ulong)Math.Max(0, _headerLimit - Position) / (ulong)leastBytes)
        {
            throw new GgufException(GgufError.LimitExceeded, $"The header of {_source.Name} passes {_headerLimit} bytes at {count} {what}; no known model needs that.");
        }
    }

    public async ValueTask<byte> ReadByteAsync(string what, CancellationToken cancellationToken)
    {
        await EnsureAsync(1, what, cancellationToken);
        return _buffer[_start++];
    }

    public async ValueTask<ushort> ReadUInt16Async(string what, CancellationToken cancellationToken)
    {
        await EnsureAsync(sizeof(ushort), what, cancellationToken);
        return BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));
    }

    public async ValueTask<uint> ReadUInt32Async(string what, CancellationToken cancellationToken)
    {
        await EnsureAsync(sizeof(uint), what, cancellationToken);
        return BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
    }

    public async ValueTask<ulong> ReadUInt64Async(string what, CancellationToken cancellationToken)
    {
        await EnsureAsync(sizeof(ulong), what, cancellationToken);
        return BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
    }

    public async ValueTask<string> ReadStringAsync(long maxBytes, string what, CancellationToken cancellationToken)
    {
        var length = await ReadUInt64Async(what, cancellationToken);
        if (length == 0)
        {
            return string.Empty;
        }

        var at = Position;
        if (length > (ulong)maxBytes)
        {
            throw new GgufException(GgufError.LimitExceeded, $"{_source.Name} has {what} of {length} bytes at byte {at}; the limit is {maxBytes}.");
        }

        Require(length, 1, $"bytes of {what}");
        var count = (int)length;
        try
        {
            if (count <= _buffer.Length)
            {
                await EnsureAsync(count, what, cancellationToken);
                return StrictUtf8.GetString(Take(count));
            }

            var bytes = new byte[count];
            await ReadArrayAsync(bytes, what, cancellationToken);
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new GgufException(GgufError.BadText, $"{_source.Name} has {what} at byte {at} that is not UTF-8.", e);
        }
    }

    /// <summary>The next string, if all of it is in the buffer and nothing is wrong with it; otherwise nothing is consumed and <see cref="ReadStringAsync"/> reads it or says what is wrong.</summary>
    /// <remarks>Vocabularies are hundreds of thousands of short strings: this path waits for nothing and costs no state machine.</remarks>
    public bool TryReadBufferedString(long maxBytes, [NotNullWhen(true)] out string? text)
    {
        text = null;
        var available = _buffer.AsSpan(_start, _end - _start);
        if (available.Length < sizeof(ulong))
        {
            return false;
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(available);
        if (length > (ulong)(available.Length - sizeof(ulong)) || length > (ulong)maxBytes || Position + sizeof(ulong) + (long)length > _headerLimit)
        {
            return false;
        }

        var bytes = available.Slice(sizeof(ulong), (int)length);
        if (!Utf8.IsValid(bytes))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(bytes);
        _start += sizeof(ulong) + bytes.Length;
        return true;
    }

    /// <summary>Fills an array from little-endian bytes.</summary>
    public async ValueTask ReadArrayAsync<T>(T[] destination, string what, CancellationToken cancellationToken)
        where T : unmanaged
    {
        var total = MemoryMarshal.AsBytes(destination.AsSpan()).Length;
        for (var done = 0; done < total;)
        {
            await EnsureAsync(1, what, cancellationToken);
            var count = Math.Min(total - done, _end - _start);
            Take(count).CopyTo(MemoryMarshal.AsBytes(destination.AsSpan())[done..]);
            done += count;
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var span = _buffer.AsSpan(_start, count);
        _start += count;
        return span;
    }

    /// <summary>Has at least <paramref name="count"/> unread bytes in the buffer.</summary>
    private ValueTask EnsureAsync(int count, string what, CancellationToken cancellationToken)
        => _end - _start >= count ? ValueTask.CompletedTask : FetchAsync(count, what, cancellationToken);

    private async ValueTask FetchAsync(int count, string what, CancellationToken cancellationToken)
    {
        Require((ulong)count, 1, $"bytes of {what}");
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        var read = (int)Math.Min(Math.Max(_nextRead, count - _end), Math.Min(_buffer.Length - _end, _source.Length - _fetched));
        _nextRead = Math.Min(_nextRead * 2, LargestRead);
        await _source.ReadAsync(_fetched, _buffer.AsMemory(_end, read), cancellationToken);
        _end += read;
        _fetched += read;
    }
}
