using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Noise;

namespace Skein.Fuzz.Targets;

/// <summary>The handshake of a connection from either side, and the encrypted messages behind it. All keys are fixed, so that the corpus holds handshakes that succeed.</summary>
[Fuzzes(typeof(NoiseChannel))]
[Fuzzes(typeof(NoiseHandshake))]
[Fuzzes(typeof(NoiseSecurity))]
public sealed class NoiseHandshakeTarget : IFuzzTarget
{
    private static readonly PeerKey Initiator = PeerKey.FromSeed(Filled(7));
    private static readonly PeerKey Responder = PeerKey.FromSeed(Filled(8));
    private static readonly string[] Muxers = ["/yamux/1.0.0"];

    /// <inheritdoc/>
    public string Name => "noise-handshake";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> data)
    {
        ReadOne(data);
        var script = data.ToArray();
        var inbound = new ScriptedStream(script);
        Finish(inbound, NoiseSecurity.RespondAsync(inbound, Responder, Muxers, Key(3), Key(4), CancellationToken.None), Initiator);
        var outbound = new ScriptedStream(script);
        Finish(outbound, NoiseSecurity.InitiateAsync(outbound, Initiator, null, Muxers, default, null, Key(1), Key(2), CancellationToken.None), Responder);
    }

    // Single messages, however long.
    private static void ReadOne(ReadOnlySpan<byte> data)
    {
        using var responder = new NoiseHandshake(initiator: false, Key(3), Key(4));
        using var initiator = new NoiseHandshake(initiator: true, Key(1), Key(2));
        initiator.Write([]);
        try
        {
            FuzzCheck.Holds(responder.Read(data).Length == data.Length - NoiseStaticKey.Length, "the first message is a key and a payload");
            responder.Write([]);
        }
        catch (P2PException)
        {
            // Too short, or a key that gives no secret.
        }

        try
        {
            initiator.Read(data);
        }
        catch (P2PException)
        {
            // Made by nobody who has the keys.
        }
    }

    private static void Finish(ScriptedStream stream, Task<NoiseSession> handshake, PeerKey peer)
    {
        try
        {
            var session = FuzzCheck.CompletesAtOnce(new ValueTask<NoiseSession>(handshake));
            FuzzCheck.Holds(session.RemoteKey.Equals(peer.PublicKey), "nobody finishes a handshake but the peer whose messages were recorded");
            ReadAll(session.Channel, stream);
        }
        catch (P2PException)
        {
            // No handshake.
        }
    }

    private static void ReadAll(NoiseChannel channel, ScriptedStream stream)
    {
        try
        {
            var received = 0;
            while (FuzzCheck.CompletesAtOnce(channel.ReceiveAsync(CancellationToken.None)) is { IsEmpty: false } message)
            {
                received += message.Length;
            }

            FuzzCheck.Holds(received < stream.Consumed, "ciphertext is longer than its text");
        }
        catch (P2PException)
        {
            // Changed, too short, or cut.
        }
        finally
        {
            channel.ReturnBuffers();
        }
    }

    private static NoiseStaticKey Key(byte value) => NoiseStaticKey.FromPrivate(Filled(value));

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, NoiseStaticKey.Length)];
}
