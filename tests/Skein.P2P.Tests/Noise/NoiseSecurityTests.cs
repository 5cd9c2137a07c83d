using System.Buffers.Binary;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Noise;
using Skein.P2P.Transports.Memory;

namespace Skein.P2P.Tests.Noise;

public sealed class NoiseSecurityTests
{
    private static readonly PeerKey Alice = PeerKey.FromSeed(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly PeerKey Bob = PeerKey.FromSeed(Enumerable.Repeat((byte)2, 32).ToArray());
    private static readonly PeerKey Mallory = PeerKey.FromSeed(Enumerable.Repeat((byte)3, 32).ToArray());
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Handshake_BothHonest_KnowsBothAndAgreesOnTheMuxer()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var inbound = NoiseSecurity.RespondAsync(far, Bob, ["/mplex", "/yamux/1.0.0"], None);
        var outbound = await NoiseSecurity.InitiateAsync(near, Alice, Bob.PeerId, ["/yamux/1.0.0", "/mplex"], default, null, None).Within("the dialler's handshake");
        var answered = await inbound.Within("the listener's handshake");

        Assert.Equal(Bob.PeerId, outbound.RemoteKey.PeerId);
        Assert.Equal(Alice.PeerId, answered.RemoteKey.PeerId);
        Assert.Equal("/yamux/1.0.0", outbound.Muxer);
        Assert.Equal("/yamux/1.0.0", answered.Muxer);
    }

    [Theory]
    [InlineData("", "/y")]
    [InlineData("/y", "")]
    public async Task Handshake_OneSideWithoutMuxers_LeavesThemToBeNegotiated(string initiator, string responder)
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var inbound = NoiseSecurity.RespondAsync(far, Bob, responder.Length == 0 ? [] : [responder], None);
        var outbound = await NoiseSecurity.InitiateAsync(near, Alice, null, initiator.Length == 0 ? [] : [initiator], default, null, None).Within("the dialler's handshake");

        Assert.Null(outbound.Muxer);
        Assert.Null((await inbound.Within("the listener's handshake")).Muxer);
    }

    [Fact]
    public async Task Handshake_NoCommonMuxer_Fails()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var inbound = NoiseSecurity.RespondAsync(far, Bob, ["/a"], None);

        var fault = await Assert.ThrowsAsync<P2PException>(() => NoiseSecurity.InitiateAsync(near, Alice, null, ["/b"], default, null, None).Within("refusal"));
        near.Dispose();

        Assert.Equal(P2PError.ProtocolNotSupported, fault.Error);
        Assert.Equal(P2PError.HandshakeFailed, (await Assert.ThrowsAsync<P2PException>(() => inbound.Within("the listener's end"))).Error);
    }

    [Fact]
    public async Task Handshake_BothPlayTheDialler_FailsOnBothSides()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var one = NoiseSecurity.InitiateAsync(near, Alice, Bob.PeerId, [], default, null, None);
        var other = NoiseSecurity.InitiateAsync(far, Bob, Alice.PeerId, [], default, null, None);

        foreach (var handshake in new[] { one, other })
        {
            Assert.Equal(P2PError.HandshakeFailed, (await Assert.ThrowsAsync<P2PException>(() => handshake.Within("the end of a handshake of swapped roles"))).Error);
        }
    }

    [Fact]
    public async Task Handshake_ListenerAnswersWithAFirstMessage_Fails()
    {
        // Even one that belongs to the dialler's own key: a message must be of its place in the pattern.
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var outbound = NoiseSecurity.InitiateAsync(near, Alice, null, [], default, null, None);
        await SendAsync(far, await ReceiveAsync(far));

        Assert.Equal(P2PError.HandshakeFailed, (await Assert.ThrowsAsync<P2PException>(() => outbound.Within("refusal"))).Error);
    }

    [Fact]
    public async Task Initiate_AnotherPeerAnswers_RefusesBeforeSayingWhoWeAre()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var inbound = NoiseSecurity.RespondAsync(far, Mallory, [], None);

        var fault = await Assert.ThrowsAsync<P2PException>(() => NoiseSecurity.InitiateAsync(near, Alice, Bob.PeerId, [], default, null, None).Within("refusal"));
        near.Dispose();

        Assert.Equal(P2PError.WrongPeer, fault.Error);
        Assert.Contains(Mallory.PeerId.ToString(), fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<P2PException>(() => inbound.Within("the listener's end"));
    }

    [Fact]
    public async Task Initiate_SignatureOfAnotherStaticKey_Refuses()
        => Assert.Equal(P2PError.BadSignature, await AnswerWith(staticKey => NoisePayload.Create(Bob, new byte[32], []).Encode()));

    [Fact]
    public async Task Initiate_ForeignIdentityWithOwnSignature_Refuses()
        => Assert.Equal(P2PError.BadSignature, await AnswerWith(staticKey =>
            new NoisePayload(Bob.PublicKey, Mallory.Sign([.. "noise-libp2p-static-key:"u8, .. staticKey]), []).Encode()));

    [Fact]
    public async Task Initiate_NoSignature_Refuses()
        => Assert.Equal(P2PError.BadSignature, await AnswerWith(staticKey => new NoisePayload(Bob.PublicKey, default, []).Encode()));

    [Fact]
    public async Task Initiate_SignatureWithoutThePrefix_Refuses()
        => Assert.Equal(P2PError.BadSignature, await AnswerWith(staticKey => new NoisePayload(Bob.PublicKey, Bob.Sign(staticKey), []).Encode()));

    [Fact]
    public async Task Initiate_MalformedPayload_Refuses()
    {
        Assert.Equal(P2PError.HandshakeFailed, await AnswerWith(_ => []));
        Assert.Equal(P2PError.HandshakeFailed, await AnswerWith(_ => [0x0A, 0x7F]));
    }

    [Fact]
    public async Task Respond_DiallerThatCannotSign_IsRefused()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var inbound = NoiseSecurity.RespondAsync(far, Bob, [], None);
        using var mallory = new NoiseHandshake(initiator: true, NoiseStaticKey.Generate(), NoiseStaticKey.Generate());
        await SendAsync(near, mallory.Write([]));
        mallory.Read(await ReceiveAsync(near));
        await SendAsync(near, mallory.Write(new NoisePayload(Alice.PublicKey, Mallory.Sign([.. "noise-libp2p-static-key:"u8, .. mallory.LocalStatic]), []).Encode()));

        Assert.Equal(P2PError.BadSignature, (await Assert.ThrowsAsync<P2PException>(() => inbound.Within("refusal"))).Error);
    }

    [Theory]
    [InlineData("0000")]
    [InlineData("0001aa")]
    [InlineData("ffff")]
    [InlineData("0020aaaa")]
    [InlineData("")]
    public async Task Respond_TruncatedOrOversized_RefusesByName(string hex)
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        await near.WriteAsync(Convert.FromHexString(hex));
        near.Dispose();

        var fault = await Assert.ThrowsAsync<P2PException>(() => NoiseSecurity.RespondAsync(far, Bob, [], None).Within("refusal"));
        Assert.True(fault.Error is P2PError.HandshakeFailed or P2PError.LimitReached, fault.Message);
    }

    [Fact]
    public async Task Channel_ChangedSwappedOrRepeatedMessage_IsRefused()
    {
        foreach (var attack in new Func<byte[][], byte[][]>[]
        {
            messages => [[.. messages[0].AsSpan(0, messages[0].Length - 1), (byte)(messages[0][^1] ^ 1)]],
            messages => [messages[1], messages[0]],
            messages => [messages[0], messages[0]],
            messages => [messages[0], messages[2]],
        })
        {
            var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
            var (tap, wire) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
            var key = Enumerable.Repeat((byte)9, 32).ToArray();
            var sender = new NoiseChannel(tap, NoiseCipher.Create(key), NoiseCipher.Create(key));
            var receiver = new NoiseChannel(far, NoiseCipher.Create(key), NoiseCipher.Create(key));
            var messages = new byte[3][];
            for (byte i = 0; i < 3; i++)
            {
                sender.Plaintext[0] = i;
                await sender.SendAsync(1, None);
                messages[i] = new byte[2 + 1 + 16];
                await wire.ReadExactlyAsync(messages[i]);
            }

            foreach (var message in attack(messages))
            {
                await near.WriteAsync(message);
            }

            near.Dispose();
            var fault = await Assert.ThrowsAsync<P2PException>(async () =>
            {
                while (true)
                {
                    Assert.False((await receiver.ReceiveAsync(None).Within("a message")).IsEmpty);
                }
            });
            Assert.Equal(P2PError.ProtocolViolation, fault.Error);
        }
    }

    [Fact]
    public async Task Channel_LargestMessageOfTheWire_IsRead()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var key = Enumerable.Repeat((byte)9, 32).ToArray();
        await using var channel = new NoiseChannel(far, NoiseCipher.Create(key), NoiseCipher.Create(key));
        using var cipher = NoiseCipher.Create(key);
        var message = new byte[2 + ushort.MaxValue];
        for (var i = 0; i < 3; i++)
        {
            message.AsSpan().Fill((byte)i);
            cipher.Seal([], message.AsSpan(2));
            BinaryPrimitives.WriteUInt16BigEndian(message, ushort.MaxValue);
            await near.WriteAsync(message);

            var read = await channel.ReceiveAsync(CancellationToken.None).Within("the message");

            Assert.Equal(65_519, read.Length);
            Assert.Equal(-1, read.Span.IndexOfAnyExcept((byte)i));
        }

        Assert.Equal(65_518, channel.Plaintext.Length);
    }

    [Fact]
    public async Task Channel_CutWithinAMessage_IsNoEnd()
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var receiver = new NoiseChannel(far, NoiseCipher.Create(new byte[32]), NoiseCipher.Create(new byte[32]));
        await near.WriteAsync(new byte[] { 0, 100, 1, 2, 3 });
        near.Dispose();

        Assert.Equal(P2PError.ConnectionClosed, (await Assert.ThrowsAsync<P2PException>(() => receiver.ReceiveAsync(None).Within("the end"))).Error);
    }

    private static async Task<P2PError> AnswerWith(Func<byte[], byte[]> payload)
    {
        var (near, far) = MemoryDuplexStream.CreatePair(TimeProvider.System, TimeSpan.Zero);
        var outbound = NoiseSecurity.InitiateAsync(near, Alice, Bob.PeerId, [], default, null, None);
        using var answering = new NoiseHandshake(initiator: false, NoiseStaticKey.Generate(), NoiseStaticKey.Generate());
        answering.Read(await ReceiveAsync(far));
        await SendAsync(far, answering.Write(payload(answering.LocalStatic)));
        return (await Assert.ThrowsAsync<P2PException>(() => outbound.Within("refusal"))).Error;
    }

    private static async Task SendAsync(Stream stream, byte[] message)
        => await stream.WriteAsync((byte[])[(byte)(message.Length >> 8), (byte)message.Length, .. message]);

    private static async Task<byte[]> ReceiveAsync(Stream stream)
    {
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix).Within("a length");
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(message).Within("a message");
        return message;
    }
}
