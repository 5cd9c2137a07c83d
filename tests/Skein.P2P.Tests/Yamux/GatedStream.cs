using System.Buffers.Binary;
using Skein.P2P.Noise;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.Yamux;

/// <summary>A wire that stands still until it is opened, and keeps what was sent.</summary>
internal sealed class GatedStream : Stream
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemoryStream _sent = new();

    public Task FirstWrite => _first.Task;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public void Open() => _open.TrySetResult();

    public override void Close()
    {
        _end.TrySetResult(0);
        base.Close();
    }

    /// <summary>The frames that were sent, in order.</summary>
    public List<YamuxHeader> Frames()
    {
        using var cipher = NoiseCipher.Create(Enumerable.Repeat((byte)1, 32).ToArray());
        var plain = new List<byte>();
        byte[] bytes;
        lock (_sent)
        {
            bytes = _sent.ToArray();
        }

        for (var at = 0; at < bytes.Length;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));
            Assert.True(cipher.TryOpen([], bytes.AsSpan(at + 2, length)));
            plain.AddRange(bytes.AsSpan(at + 2, length - NoiseCipher.TagLength));
            at += 2 + length;
        }

        var frames = new List<YamuxHeader>();
        for (var at = 0; at < plain.Count;)
        {
            Assert.True(YamuxHeader.TryRead(plain.Skip(at).Take(YamuxHeader.Size).ToArray(), out var header));
            frames.Add(header);
            at += YamuxHeader.Size + (header.Type == YamuxFrameType.Data ? (int)header.Length : 0);
        }

        return frames;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => await _end.Task.WaitAsync(cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_sent)
        {
            _sent.Write(buffer.Span);
        }

        _first.TrySetResult();
        await _open.Task;
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
