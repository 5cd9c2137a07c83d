using System.Text;
using Skein.P2P.Addressing;
using Skein.P2P.Identify;
using Skein.P2P.Identity;
using Skein.P2P.Negotiation;
using Skein.P2P.Noise;
using Skein.P2P.Records;
using Skein.P2P.Transports;
using Skein.P2P.Wire;
using Skein.P2P.Yamux;

namespace Skein.P2P.Tests.ProtocolPages;

/// <summary>The vectors of docs/protocol/connections.md, each written and read again by the code.</summary>
public sealed class ConnectionsPageTests
{
    private const string Page = "connections.md";

    private static readonly IReadOnlyDictionary<string, byte[]> Vectors = ProtocolPage.ReadVectors(Page);
    private static readonly PeerKey Key = PeerKey.FromSeed(Filled(7));
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001");
    private static readonly PeerRecord Record = new(Key.PeerId, 1, [Address]);

    private static readonly Dictionary<string, Action<byte[]>> Checks = new(StringComparer.Ordinal)
    {
        ["300"] = bytes => IsNumber(bytes, 300),
        ["16384"] = bytes => IsNumber(bytes, 16384),
        ["`/ip4/127.0.0.1/tcp/4001/ws`"] = bytes => IsAddress(bytes, "/ip4/127.0.0.1/tcp/4001/ws"),
        ["`/ip4/1.2.3.4/tcp/443/tls/ws`"] = bytes => IsAddress(bytes, "/ip4/1.2.3.4/tcp/443/tls/ws"),
        ["`/dns4/example.com/tcp/443/wss`"] = bytes => IsAddress(bytes, "/dns4/example.com/tcp/443/wss"),
        ["`PublicKey` of the seed"] = IsPublicKey,
        ["peer id of the seed"] = IsPeerId,
        ["peer record"] = bytes => IsWrittenAs(bytes, Record.Seal(Key).Payload),
        ["what the envelope signs"] = IsSigned,
        ["envelope"] = IsEnvelope,
        ["header and proposal of `/noise`"] = bytes => IsWrittenAs(bytes, MultistreamSelect.EncodeProposal("/noise")),
        ["answer: spoken"] = bytes => IsWrittenAs(bytes, Answers(proposal: "/noise")),
        ["answer: not spoken"] = bytes => IsWrittenAs(bytes, Answers(proposal: "/tls/1.0.0")),
        ["proposal of `ls`"] = bytes => IsWrittenAs(bytes, MultistreamSelect.EncodeLine("ls")),
        ["answer to `ls` where `/noise` is spoken"] = bytes => IsWrittenAs(bytes, Answers(proposal: "ls").AsMemory(MultistreamSelect.EncodeLine(MultistreamSelect.Header).Length)),
        ["first message"] = bytes => IsWrittenAs(bytes, Handshake().First),
        ["second message"] = bytes => IsWrittenAs(bytes, Handshake().Second),
        ["third message"] = bytes => IsWrittenAs(bytes, Handshake().Third),
        ["hash of the handshake"] = bytes => IsWrittenAs(bytes, Handshake().Hash),
        ["initiator's `first`, nonce 0"] = bytes => IsWrittenAs(bytes, Handshake().Sealed[0]),
        ["initiator's `second`, nonce 1"] = bytes => IsWrittenAs(bytes, Handshake().Sealed[1]),
        ["responder's `back`, nonce 0"] = bytes => IsWrittenAs(bytes, Handshake().Sealed[2]),
        ["payload of the seed"] = IsNoisePayload,
        ["SYN, data `hello` on stream 1"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.Data, YamuxFlags.Syn, 1, 5), "hello"),
        ["ACK, 768 KiB more on stream 2"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Ack, 2, 768 * 1024)),
        ["FIN of stream 1"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Fin, 1, 0)),
        ["RST of stream 7"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, 7, 0)),
        ["ping 9"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Syn, 0, 9)),
        ["answer to ping 9"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.Ping, YamuxFlags.Ack, 0, 9)),
        ["go away, protocol error"] = bytes => IsFrame(bytes, new YamuxHeader(YamuxFrameType.GoAway, YamuxFlags.None, 0, (uint)YamuxGoAway.ProtocolError)),
        ["another version"] = IsNoFrame,
        ["no such type"] = IsNoFrame,
        ["no such flag"] = IsNoFrame,
        ["data of the session"] = IsNoFrame,
        ["a ping of a stream"] = IsNoFrame,
        ["Identify of the seed"] = IsIdentify,
        ["push of protocols alone"] = IsPush,
    };

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Vector_OfThePage_IsWhatTheCodeSpeaks(string name)
    {
        Assert.True(Checks.TryGetValue(name, out var check), $"Nothing checks the vector \"{name}\" of {Page}: add it here.");
        check(Vectors[name]);
    }

    [Fact]
    public void Checks_WithoutAVector_AreNone() => Assert.Empty(Checks.Keys.Except(Vectors.Keys));

    private static void IsNumber(byte[] bytes, ulong value)
    {
        var written = new byte[Uvarint.LengthOf(value)];
        Uvarint.Write(written, value);
        IsWrittenAs(bytes, written);
        Assert.True(Uvarint.TryRead(bytes, out var read, out var consumed));
        Assert.Equal((value, bytes.Length), (read, consumed));
    }

    private static void IsAddress(byte[] bytes, string text)
    {
        IsWrittenAs(bytes, Multiaddr.Parse(text).Bytes);
        Assert.True(Multiaddr.TryRead(bytes, out var read));
        Assert.Equal(text, read.ToString());
    }

    private static void IsPublicKey(byte[] bytes)
    {
        IsWrittenAs(bytes, Key.PublicKey.Encoded);
        Assert.True(PublicKey.TryRead(bytes, out var read));
        Assert.Equal(Key.PublicKey, read);
    }

    private static void IsPeerId(byte[] bytes)
    {
        IsWrittenAs(bytes, Key.PeerId.Bytes);
        Assert.True(PeerId.TryRead(bytes, out var read));
        Assert.Equal("12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7", read.ToString());
    }

    private static void IsSigned(byte[] bytes) => Assert.True(Key.PublicKey.Verify(bytes, Record.Seal(Key).Signature.Span), "The signature does not cover these bytes.");

    private static void IsEnvelope(byte[] bytes)
    {
        IsWrittenAs(bytes, Record.Seal(Key).Encode());
        Assert.True(PeerRecord.TryOpen(bytes, out var read));
        Assert.Equal((Key.PeerId, 1UL, Address), (read.PeerId, read.Sequence, Assert.Single(read.Addresses)));
    }

    // What a listener that speaks /noise says to a dialler that proposes once and closes.
    private static byte[] Answers(string proposal)
    {
        var line = new Line(MultistreamSelect.EncodeProposal(proposal));
        var answering = MultistreamSelect.AnswerAsync(line, id => id == "/noise", () => ["/noise"], CancellationToken.None);
        Assert.True(answering.IsCompletedSuccessfully);
        return line.Written;
    }

    private static void IsNoisePayload(byte[] bytes)
    {
        using var own = StaticKey(1);
        IsWrittenAs(bytes, NoisePayload.Create(Key, own.PublicKey, [YamuxConnection.Protocol]).Encode());
        Assert.True(NoisePayload.TryRead(bytes, out var read));
        Assert.True(read.Verify(own.PublicKey));
        Assert.Equal(Key.PublicKey, read.IdentityKey);
        Assert.Equal(["/yamux/1.0.0"], read.StreamMuxers);
    }

    private static void IsFrame(byte[] bytes, YamuxHeader header, string data = "")
    {
        var written = new byte[YamuxHeader.Size];
        header.Write(written);
        IsWrittenAs(bytes, (byte[])[.. written, .. Encoding.ASCII.GetBytes(data)]);
        Assert.True(YamuxHeader.TryRead(bytes, out var read));
        Assert.Equal(header, read);
    }

    private static void IsNoFrame(byte[] bytes) => Assert.False(YamuxHeader.TryRead(bytes, out _));

    private static void IsIdentify(byte[] bytes)
    {
        var message = new IdentifyMessage
        {
            PublicKey = Key.PublicKey,
            ListenAddresses = [Address],
            Protocols = [IdentifyProtocol.Id, "/ipfs/ping/1.0.0"],
            ObservedAddress = Multiaddr.Parse("/ip4/192.0.2.1/tcp/50000"),
            ProtocolVersion = "/skein/1",
            AgentVersion = "skein/0.1.0",
            SignedPeerRecord = Record.Seal(Key).Encode(),
        };
        IsWrittenAs(bytes, message.Write().ToDelimited());
        Assert.True(Uvarint.TryRead(bytes, out _, out var prefix));
        Assert.True(IdentifyMessage.TryRead(bytes.AsSpan(prefix), out var read));
        Assert.Equal(message.Protocols, read.Protocols);
        Assert.Equal(message.ObservedAddress, read.ObservedAddress);
        Assert.True(PeerRecord.TryOpen(read.SignedPeerRecord!.Value.Span, out _));
    }

    private static void IsPush(byte[] bytes)
    {
        IsWrittenAs(bytes, new IdentifyMessage { Protocols = ["/a", "/b"] }.Write().ToDelimited());
        Assert.True(IdentifyMessage.TryRead(bytes.AsSpan(1), out var read));
        Assert.Null(read.ListenAddresses);
        Assert.Equal(["/a", "/b"], read.Protocols!);
    }

    private static (byte[] First, byte[] Second, byte[] Third, byte[] Hash, byte[][] Sealed) Handshake()
    {
        using var initiator = new NoiseHandshake(initiator: true, StaticKey(1), StaticKey(2));
        using var responder = new NoiseHandshake(initiator: false, StaticKey(3), StaticKey(4));
        var first = initiator.Write([]);
        responder.Read(first);
        var second = responder.Write("responder payload"u8);
        initiator.Read(second);
        var third = initiator.Write("initiator payload"u8);
        responder.Read(third);
        var (there, _) = initiator.Split();
        var (back, _) = responder.Split();
        return (first, second, third, responder.Hash.ToArray(), [Seal(there, "first"), Seal(there, "second"), Seal(back, "back")]);
    }

    private static byte[] Seal(NoiseCipher cipher, string text)
    {
        byte[] buffer = [.. Encoding.ASCII.GetBytes(text), .. new byte[NoiseCipher.TagLength]];
        cipher.Seal([], buffer);
        return buffer;
    }

    private static NoiseStaticKey StaticKey(byte value) => NoiseStaticKey.FromPrivate(Filled(value));

    private static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static void IsWrittenAs(byte[] page, ReadOnlyMemory<byte> code) => Assert.Equal(Convert.ToHexStringLower(code.Span), Convert.ToHexStringLower(page));

    /// <summary>What a dialler says before it closes, and what it hears.</summary>
    private sealed class Line(byte[] said) : AsyncStream
    {
        private readonly List<byte> _heard = [];
        private int _at;

        public byte[] Written => [.. _heard];

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(buffer.Length, said.Length - _at);
            said.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return ValueTask.FromResult(count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _heard.AddRange(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }
}
