using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Skein.Core.Decoding;
using Skein.P2P.Errors;

namespace Skein.P2P.Noise;

/// <summary>An encrypted connection: messages of at most 65,519 bytes, each behind a 16-bit length; those sent here have at most <see cref="MaxPlaintext"/>.</summary>
/// <remarks>
/// One reader and one writer at a time. Both work in place in buffers of their own, so a steady flow allocates nothing. The borders of messages carry no
/// meaning: the channel is a stream of bytes.
/// </remarks>
[Decoder]
public sealed class NoiseChannel : IAsyncDisposable
{
    /// <summary>Most bytes in one message that is sent: a byte less than the wire allows, so that the message and its length fill 64 KiB and not the pool's next size, twice that.</summary>
    public const int MaxPlaintext = SendBuffer - Prefix - NoiseCipher.TagLength;

    private const int Prefix = 2;
    private const int SendBuffer = 64 * 1024;

    // Two whole messages, so that one read of the socket may bring more than one.
    private const int ReceiveBuffer = 128 * 1024;

    private readonly Stream _stream;
    private readonly NoiseCipher _send;
    private readonly NoiseCipher _receive;
    private readonly byte[] _sendBuffer = ArrayPool<byte>.Shared.Rent(SendBuffer);
    private readonly byte[] _receiveBuffer = ArrayPool<byte>.Shared.Rent(ReceiveBuffer);
    private int _start;
    private int _end;
    private Memory<byte> _unread;
    private int _closed;

    internal NoiseChannel(Stream stream, NoiseCipher send, NoiseCipher receive)
    {
        _stream = stream;
        _send = send;
        _receive = receive;
    }

    /// <summary>Where the writer puts the next message.</summary>
    internal Span<byte> Plaintext => _sendBuffer.AsSpan(Prefix, MaxPlaintext);

    /// <summary>Encrypts and sends what lies in <see cref="Plaintext"/>.</summary>
    /// <param name="length">Its length, at least 1.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    internal ValueTask SendAsync(int length, CancellationToken cancellationToken)
    {
        var sealedLength = length + NoiseCipher.TagLength;
        _send.Seal([], _sendBuffer.AsSpan(Prefix, sealedLength));
        BinaryPrimitives.WriteUInt16BigEndian(_sendBuffer, (ushort)sealedLength);
        return _stream.WriteAsync(_sendBuffer.AsMemory(0, Prefix + sealedLength), cancellationToken);
    }

    /// <summary>Receives the next message.</summary>
    /// <returns>Its bytes, borrowed until the next call; empty at the end.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolViolation"/>: changed on the way, or out of order; the connection must be closed.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<Memory<byte>> ReceiveAsync(CancellationToken cancellationToken)
    {
        if (!_unread.IsEmpty)
        {
            var rest = _unread;
            _unread = default;
            return rest;
        }

        while (true)
        {
            var have = _end - _start;
            if (have >= Prefix)
            {
                int length = BinaryPrimitives.ReadUInt16BigEndian(_receiveBuffer.AsSpan(_start));
                if (length < NoiseCipher.TagLength)
                {
                    throw new P2PException(P2PError.ProtocolViolation, "An encrypted message is shorter than its tag.");
                }

                if (have >= Prefix + length)
                {
                    var at = _start + Prefix;
                    _start += Prefix + length;
                    if (!_receive.TryOpen([], _receiveBuffer.AsSpan(at, length)))
                    {
                        throw new P2PException(P2PError.ProtocolViolation, "An encrypted message was changed on the way, or one is missing.");
                    }

                    if (length > NoiseCipher.TagLength)
                    {
                        return _receiveBuffer.AsMemory(at, length - NoiseCipher.TagLength);
                    }

                    continue;
                }
            }

            if (_start == _end)
            {
                _start = _end = 0;
            }
            else if (_receiveBuffer.Length - _start < Prefix + ushort.MaxValue)
            {
                _receiveBuffer.AsSpan(_start, have).CopyTo(_receiveBuffer);
                _start = 0;
                _end = have;
            }

            var count = await _stream.ReadAsync(_receiveBuffer.AsMemory(_end), cancellationToken);
            if (count == 0)
            {
                // An end within a message is no end: somebody cut the connection.
                return have == 0 ? default(Memory<byte>) : throw new P2PException(P2PError.ConnectionClosed, "The connection ended within a message.");
            }

            _end += count;
        }
    }

    /// <summary>Gives back the unused rest of the last message.</summary>
    internal void Unread(Memory<byte> rest) => _unread = rest;

    /// <summary>Closes the connection. Reader and writer must have ended, or end by this.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            await _stream.DisposeAsync();
        }
    }

    // Only when nobody reads or writes any more.
    internal void ReturnBuffers()
    {
        _send.Dispose();
        _receive.Dispose();
        ArrayPool<byte>.Shared.Return(_sendBuffer, clearArray: true);
        ArrayPool<byte>.Shared.Return(_receiveBuffer, clearArray: true);
    }
}
