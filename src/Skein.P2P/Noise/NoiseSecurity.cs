using System.Buffers.Binary;
using Skein.Core.Decoding;
using Skein.P2P.Errors;
using Skein.P2P.Identity;

namespace Skein.P2P.Noise;

/// <summary>Makes a connection secure and finds out who is at its other end (libp2p/specs, noise). Stateless.</summary>
/// <remarks>The caller bounds the time. A failure leaves the stream of no use.</remarks>
[Decoder]
public static class NoiseSecurity
{
    /// <summary>Protocol id.</summary>
    public const string Protocol = "/noise";

    /// <summary>Runs the handshake as the initiator.</summary>
    /// <param name="stream">The raw connection; the channel owns it from now on if this succeeds.</param>
    /// <param name="key">Our key.</param>
    /// <param name="expected">The peer that was dialled; null only where anybody will do.</param>
    /// <param name="muxers">Muxers to agree on within the handshake; empty for none.</param>
    /// <param name="firstFlight">Bytes that travel before the first message in the same write.</param>
    /// <param name="afterFirstFlight">Reads the answer to them; null for none.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    /// <exception cref="P2PException"><see cref="P2PError.WrongPeer"/>, <see cref="P2PError.BadSignature"/>, <see cref="P2PError.HandshakeFailed"/>, <see cref="P2PError.ProtocolNotSupported"/>.</exception>
    public static Task<NoiseSession> InitiateAsync(Stream stream, PeerKey key, PeerId? expected, IReadOnlyList<string> muxers, ReadOnlyMemory<byte> firstFlight,
        Func<Stream, ValueTask>? afterFirstFlight, CancellationToken cancellationToken)
        => InitiateAsync(stream, key, expected, muxers, firstFlight, afterFirstFlight, NoiseStaticKey.Generate(), NoiseStaticKey.Generate(), cancellationToken);

    /// <summary>Runs the handshake as the responder.</summary>
    /// <param name="stream">The raw connection; the channel owns it from now on if this succeeds.</param>
    /// <param name="key">Our key.</param>
    /// <param name="muxers">Muxers to agree on within the handshake; empty for none.</param>
    /// <param name="cancellationToken">Not safe midway.</param>
    /// <exception cref="P2PException"><see cref="P2PError.BadSignature"/>, <see cref="P2PError.HandshakeFailed"/>, <see cref="P2PError.ProtocolNotSupported"/>.</exception>
    public static Task<NoiseSession> RespondAsync(Stream stream, PeerKey key, IReadOnlyList<string> muxers, CancellationToken cancellationToken)
        => RespondAsync(stream, key, muxers, NoiseStaticKey.Generate(), NoiseStaticKey.Generate(), cancellationToken);

    internal static async Task<NoiseSession> InitiateAsync(Stream stream, PeerKey key, PeerId? expected, IReadOnlyList<string> muxers, ReadOnlyMemory<byte> firstFlight,
        Func<Stream, ValueTask>? afterFirstFlight, NoiseStaticKey staticKey, NoiseStaticKey ephemeral, CancellationToken cancellationToken)
    {
        using var handshake = new NoiseHandshake(initiator: true, staticKey, ephemeral);
        await stream.WriteAsync(Frame(firstFlight.Span, handshake.Write([])), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        if (afterFirstFlight is not null)
        {
            await afterFirstFlight(stream);
        }

        var remote = Check(handshake.Read(await ReadFrameAsync(stream, cancellationToken)), handshake.RemoteStatic);
        if (expected is not null && remote.IdentityKey.PeerId != expected)
        {
            throw new P2PException(P2PError.WrongPeer, $"Dialled {expected}, but {remote.IdentityKey.PeerId} answered.");
        }

        var muxer = ChooseMuxer(muxers, remote.StreamMuxers);
        await stream.WriteAsync(Frame([], handshake.Write(NoisePayload.Create(key, handshake.LocalStatic, muxers).Encode())), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        var (send, receive) = handshake.Split();
        return new NoiseSession(new NoiseChannel(stream, send, receive), remote.IdentityKey, muxer);
    }

    internal static async Task<NoiseSession> RespondAsync(Stream stream, PeerKey key, IReadOnlyList<string> muxers, NoiseStaticKey staticKey, NoiseStaticKey ephemeral,
        CancellationToken cancellationToken)
    {
        using var handshake = new NoiseHandshake(initiator: false, staticKey, ephemeral);
        handshake.Read(await ReadFrameAsync(stream, cancellationToken));
        await stream.WriteAsync(Frame([], handshake.Write(NoisePayload.Create(key, handshake.LocalStatic, muxers).Encode())), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        var remote = Check(handshake.Read(await ReadFrameAsync(stream, cancellationToken)), handshake.RemoteStatic);
        var muxer = ChooseMuxer(remote.StreamMuxers, muxers);
        var (send, receive) = handshake.Split();
        return new NoiseSession(new NoiseChannel(stream, send, receive), remote.IdentityKey, muxer);
    }

    private static NoisePayload Check(byte[] encoded, ReadOnlySpan<byte> remoteStatic)
    {
        if (!NoisePayload.TryRead(encoded, out var payload))
        {
            throw new P2PException(P2PError.HandshakeFailed, "The other side's payload in the Noise handshake is malformed, or its key is not Ed25519.");
        }

        return payload.Verify(remoteStatic) ? payload
            : throw new P2PException(P2PError.BadSignature, $"The other side claims to be {payload.IdentityKey.PeerId} but cannot sign as that peer.");
    }

    // The first of the initiator's that both speak; both must have sent a list.
    private static string? ChooseMuxer(IReadOnlyList<string> initiator, IReadOnlyList<string> responder)
    {
        if (initiator.Count == 0 || responder.Count == 0)
        {
            return null;
        }

        return initiator.FirstOrDefault(muxer => responder.Contains(muxer, StringComparer.Ordinal))
            ?? throw new P2PException(P2PError.ProtocolNotSupported, $"The two sides share no muxer: {string.Join(", ", initiator)} against {string.Join(", ", responder)}.");
    }

    private static byte[] Frame(ReadOnlySpan<byte> before, byte[] message)
        => [.. before, (byte)(message.Length >> 8), (byte)message.Length, .. message];

    // The length is unsigned: up to 65,535.
    private static async ValueTask<byte[]> ReadFrameAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, cancellationToken);
            var length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
            if (length > NoisePayload.MaxEncoded + 256)
            {
                throw new P2PException(P2PError.LimitReached, $"A message of the Noise handshake has {length} bytes; the limit is {NoisePayload.MaxEncoded + 256}.");
            }

            var message = new byte[length];
            await stream.ReadExactlyAsync(message, cancellationToken);
            return message;
        }
        catch (EndOfStreamException fault)
        {
            throw new P2PException(P2PError.HandshakeFailed, "The other side closed the connection during the Noise handshake: it may have refused our id, or be full.", fault);
        }
    }
}
