using Skein.Core.Decoding;
using Skein.P2P.Errors;

namespace Skein.P2P.Noise;

/// <summary>The pattern XX, without any input or output: who holds it moves the messages. Not thread-safe; one handshake each.</summary>
/// <remarks><c>-> e; &lt;- e, ee, s, es, payload; -> s, se, payload</c> (Noise framework, section 7.5; libp2p/specs, noise).</remarks>
[Decoder]
internal sealed class NoiseHandshake : IDisposable
{
    public const string ProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";

    private readonly bool _initiator;
    private readonly NoiseStaticKey _static;
    private readonly NoiseStaticKey _ephemeral;
    private readonly NoiseSymmetricState _state = new(ProtocolName);
    private byte[] _remoteEphemeral = [];
    private int _messages;

    public NoiseHandshake(bool initiator, NoiseStaticKey staticKey, NoiseStaticKey ephemeral)
    {
        _initiator = initiator;
        _static = staticKey;
        _ephemeral = ephemeral;

        // The prologue of libp2p is empty, but it is mixed in all the same.
        _state.MixHash([]);
    }

    /// <summary>The other side's static key; empty before it came.</summary>
    public byte[] RemoteStatic { get; private set; } = [];

    /// <summary>Our static key, which the payload signs.</summary>
    public byte[] LocalStatic => _static.PublicKey;

    /// <summary>Hash of the whole handshake, for vectors.</summary>
    public ReadOnlySpan<byte> Hash => _state.Hash;

    /// <summary>Writes our next message: first or third of the initiator, second of the responder.</summary>
    public byte[] Write(ReadOnlySpan<byte> payload)
    {
        switch (Turn(writing: true))
        {
            case 0:
                _state.MixHash(_ephemeral.PublicKey);
                return [.. _ephemeral.PublicKey, .. _state.EncryptAndHash(payload)];
            case 1:
                _state.MixHash(_ephemeral.PublicKey);
                _state.MixKey(_ephemeral.Agree(_remoteEphemeral));
                var first = _state.EncryptAndHash(_static.PublicKey);
                _state.MixKey(_static.Agree(_remoteEphemeral));
                return [.. _ephemeral.PublicKey, .. first, .. _state.EncryptAndHash(payload)];
            default:
                var third = _state.EncryptAndHash(_static.PublicKey);
                _state.MixKey(_static.Agree(_remoteEphemeral));
                return [.. third, .. _state.EncryptAndHash(payload)];
        }
    }

    /// <summary>Reads the other side's next message.</summary>
    /// <returns>Its payload.</returns>
    /// <exception cref="P2PException"><see cref="P2PError.HandshakeFailed"/>.</exception>
    public byte[] Read(ReadOnlySpan<byte> message)
    {
        const int SealedKey = NoiseStaticKey.Length + NoiseCipher.TagLength;
        switch (Turn(writing: false))
        {
            case 0:
                Demand(message, NoiseStaticKey.Length);
                _remoteEphemeral = message[..NoiseStaticKey.Length].ToArray();
                _state.MixHash(_remoteEphemeral);
                return _state.DecryptAndHash(message[NoiseStaticKey.Length..]);
            case 1:
                Demand(message, NoiseStaticKey.Length + SealedKey);
                _remoteEphemeral = message[..NoiseStaticKey.Length].ToArray();
                _state.MixHash(_remoteEphemeral);
                _state.MixKey(_ephemeral.Agree(_remoteEphemeral));
                RemoteStatic = _state.DecryptAndHash(message.Slice(NoiseStaticKey.Length, SealedKey));
                _state.MixKey(_ephemeral.Agree(RemoteStatic));
                return _state.DecryptAndHash(message[(NoiseStaticKey.Length + SealedKey)..]);
            default:
                Demand(message, SealedKey);
                RemoteStatic = _state.DecryptAndHash(message[..SealedKey]);
                _state.MixKey(_ephemeral.Agree(RemoteStatic));
                return _state.DecryptAndHash(message[SealedKey..]);
        }
    }

    /// <summary>The ciphers of the connection, after the third message.</summary>
    public (NoiseCipher Send, NoiseCipher Receive) Split()
    {
        if (_messages != 3)
        {
            throw new InvalidOperationException("The handshake is not done.");
        }

        var (initiator, responder) = _state.Split();
        return _initiator ? (initiator, responder) : (responder, initiator);
    }

    public void Dispose()
    {
        _state.Dispose();
        _static.Dispose();
        _ephemeral.Dispose();
    }

    private static void Demand(ReadOnlySpan<byte> message, int length)
    {
        if (message.Length < length)
        {
            throw new P2PException(P2PError.HandshakeFailed, $"A message of the Noise handshake has {message.Length} bytes where at least {length} belong.");
        }
    }

    private int Turn(bool writing)
    {
        if (_messages > 2 || writing != (_initiator == (_messages % 2 == 0)))
        {
            throw new InvalidOperationException("It is not this side's turn.");
        }

        return _messages++;
    }
}
