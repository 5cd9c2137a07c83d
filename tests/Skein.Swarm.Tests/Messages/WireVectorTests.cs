using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Codecs;
using Skein.Swarm.Errors;
using Skein.Swarm.Messages;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Tests.Messages;

/// <summary>The bytes of every message, frozen: other builds in the field read and write exactly these. Bump the protocol's version; do not edit a vector.</summary>
public sealed class WireVectorTests
{
    private static readonly SessionId Session = SessionId.Read([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    private static readonly Sha256Digest Digest = Sha256Digest.Compute("skein"u8);

    private static readonly Dictionary<string, (IWireMessage Message, string Hex)> Vectors = new(StringComparer.Ordinal)
    {
        ["hello"] = (new HelloMessage(Session.Value), "12000000010400000a10000102030405060708090a0b0c0d0e0f"),
        ["welcome"] = (new WelcomeMessage(), "0000000001050000"),
        ["heartbeat"] = (new HeartbeatMessage(300, IsEcho: true), "050000000103000008ac021001"),
        ["error"] = (new ErrorMessage(Session, 2, SwarmError.KvBudgetExhausted, "no room", TimeSpan.FromMilliseconds(500), 3), "24000000010200000a10000102030405060708090a0b0c0d0e0f1002180122076e6f20726f6f6d28f4033003"),
        ["error of a connection"] = (new ErrorMessage(null, 0, SwarmError.BadMessage, "what?"), "090000000102000018062205776861743f"),
        ["offers"] = (new OffersMessage([new StageOffer(Digest, new StageInfo(new BlockSpan(10, 20), 576, 512, 8192, 32768, "cpu-avx2", true), 32000)]), "45000000011000000a430a202f2742392c67f60c5f125eabfee13d571883db5cf38b1c3507d98624ea30bbcb100a181420c004288004308040388080024080fa014a086370752d617678325001"),
        ["open"] = (new OpenMessage(Session, 1, Digest, new BlockSpan(10, 20), new PeerAddress("127.0.0.1:4502", ["127.0.0.1:4502"]), default, RowFormat.Float32, 300, default), "61000000011100000a10000102030405060708090a0b0c0d0e0f10011a202f2742392c67f60c5f125eabfee13d571883db5cf38b1c3507d98624ea30bbcb200a281432200a0e3132372e302e302e313a34353032120e3132372e302e302e313a34353032400148ac02"),
        ["open of the tail"] = (new OpenMessage(Session, 2, Digest, new BlockSpan(20, 30), null, 77, RowFormat.Float16, 300, new byte[] { 9, 8, 7 }), "56000000011100000a10000102030405060708090a0b0c0d0e0f10021a202f2742392c67f60c5f125eabfee13d571883db5cf38b1c3507d98624ea30bbcb2014281e3a104d000000000000000000000000000000400248ac025203090807"),
        ["opened"] = (new OpenedMessage(Session, 1, 300, "cpu-avx2", true, 512, 16), "28000000011200000a10000102030405060708090a0b0c0d0e0f100118ac0222086370752d6176783228013080043810"),
        ["refused"] = (new RefusedMessage(Session, 1, SwarmError.UnknownModel, "not here", null), "20000000011300000a10000102030405060708090a0b0c0d0e0f1001180322086e6f742068657265"),
        ["close"] = (new CloseMessage(Session, 1), "14000000011400000a10000102030405060708090a0b0c0d0e0f1001"),
        ["closed-with-round-trip"] = (new ClosedMessage(Session, 1, 45, TimeSpan.FromMilliseconds(12), 110_000, 109_000, 40, TimeSpan.FromMilliseconds(80)), "27000000011500000a10000102030405060708090a0b0c0d0e0f1001182d20e05d28b0db0630c8d30638284080f104"),
        ["closed"] = (new ClosedMessage(Session, 1, 45, TimeSpan.FromMilliseconds(12), 110_000, 109_000, 40), "23000000011500000a10000102030405060708090a0b0c0d0e0f1001182d20e05d28b0db0630c8d3063828"),
        ["progress"] = (new ProgressMessage(Session, 1, 7), "16000000011600000a10000102030405060708090a0b0c0d0e0f10011807"),
    };

    public static TheoryData<string> Names => [.. Vectors.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Write_Message_GivesFrozenBytes(string name)
    {
        var (message, hex) = Vectors[name];

        var bytes = Convert.ToHexStringLower(Encode(message));
        Assert.True(string.Equals(hex, bytes, StringComparison.Ordinal), $"{name}: {bytes}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TryRead_FrozenBytes_GivesMessage(string name)
    {
        var (message, hex) = Vectors[name];
        var bytes = Convert.FromHexString(hex);

        Assert.True(WireEnvelope.TryRead(bytes, out var envelope));
        Assert.Equal(message.Type, envelope.Type);
        Assert.Equal(bytes.Length - WireEnvelope.Size, envelope.BodyLength);
        Assert.Equivalent(message, MessageReader.Read(envelope.Type, bytes.AsSpan(WireEnvelope.Size)), strict: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TryRead_UnknownFieldsAdded_GivesTheSame(string name)
    {
        var (message, hex) = Vectors[name];
        // Field 100: a number, bytes, 64 bits, 32 bits.
        var body = Convert.FromHexString(hex)[WireEnvelope.Size..].Concat(Convert.FromHexString("a00605" + "a20602ffff" + "a1060102030405060708" + "a50601020304")).ToArray();

        Assert.Equivalent(message, MessageReader.Read(message.Type, body), strict: true);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TryRead_EveryTruncation_NeverThrows(string name)
    {
        var body = Convert.FromHexString(Vectors[name].Hex)[WireEnvelope.Size..];

        for (var length = 0; length < body.Length; length++)
        {
            // A cut at a field's boundary may still be a message; it must never be an exception.
            _ = MessageReader.Read(Vectors[name].Message.Type, body.AsSpan(0, length));
        }
    }

    [Fact]
    public void Write_Frame_GivesFrozenBytes()
    {
        var header = new FrameHeader(Session, 1, 2, 3, 4, 4, 2, 2, RowFormat.Float32, FrameFlags.Prefill | FrameFlags.LastRowOnly);
        var frame = new byte[FrameHeader.Size + header.PayloadBytes];
        RowCodecs.Get(RowFormat.Float32).Encode([1f, -2f, 0.5f, 65536f], frame.AsSpan(FrameHeader.Size));
        header.Write(frame);

        const string Hex = "3c00000001010103000102030405060708090a0b0c0d0e0f02000000030000000400000004000000020001000200000077cb42820000803f000000c00000003f00008047";
        var bytes = Convert.ToHexStringLower(frame);
        Assert.True(string.Equals(Hex, bytes, StringComparison.Ordinal), $"frame: {bytes}");
    }

    [Fact]
    public void Preamble_GivesFrozenBytes()
        => Assert.Equal("534b45494e524e470102112f736b65696e2f62756c6b2f312e302e30", Convert.ToHexStringLower(new TcpPreamble(RingProtocols.Bulk, TrafficClass.Bulk).ToBytes()));

    [Fact]
    public void Enums_OnTheWire_AreFrozen()
    {
        Assert.Equal(
            "Frame=1 Error=2 Heartbeat=3 Hello=4 Welcome=5 Offers=16 Open=17 Opened=18 Refused=19 Close=20 Closed=21 Progress=22",
            Describe<WireMessageType>());
        Assert.Equal(
            "Internal=0 KvBudgetExhausted=1 TooManySessions=2 UnknownModel=3 SpanNotHosted=4 NextHopUnreachable=5 BadMessage=6 BadFrame=7 BadPosition=8 OutOfOrder=9 NotFinite=10 "
            + "TooManyFrames=11 ComputeFailed=12 PeerLost=13 NoProgress=14 SessionClosed=15 SessionIdle=16 ChainIncomplete=17 UnsupportedCodec=18 ShuttingDown=19 UnsupportedProtocol=20 "
            + "ConnectFailed=21 LimitReached=22 ChecksumMismatch=23 ContextTooLong=24 UnknownSession=25",
            Describe<SwarmError>());
        Assert.Equal("Float32=1 Float16=2", Describe<RowFormat>());
        Assert.Equal("None=0 Prefill=1 LastRowOnly=2", Describe<FrameFlags>());
        Assert.Equal("Control=0 Decode=1 Bulk=2", Describe<TrafficClass>());
        Assert.Equal("Accepted=161 UnknownProtocol=162 Busy=163", Describe<TcpAnswer>());
    }

    private static string Describe<TEnum>()
        where TEnum : struct, Enum
        => string.Join(' ', Enum.GetValues<TEnum>().Select(v => $"{v}={Convert.ToInt64(v)}"));

    private static byte[] Encode(IWireMessage message)
    {
        var buffer = new byte[WireEnvelope.Size + WireLimits.MaxBody];
        var writer = new FieldWriter(buffer.AsSpan(WireEnvelope.Size));
        message.Write(ref writer);
        new WireEnvelope(message.Type, writer.Length).Write(buffer);
        return buffer[..(WireEnvelope.Size + writer.Length)];
    }
}
