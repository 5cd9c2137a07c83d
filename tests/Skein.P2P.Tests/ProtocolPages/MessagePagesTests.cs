using Skein.P2P.Addressing;
using Skein.P2P.AutoNat;
using Skein.P2P.HolePunching;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Relay;
using Skein.P2P.Wire;

namespace Skein.P2P.Tests.ProtocolPages;

/// <summary>The vectors of the pages whose protocols are one protobuf message after another: each is what the code writes, and what it reads and writes again.</summary>
public sealed class MessagePagesTests
{
    private static readonly PeerId A = PeerKey.FromSeed([.. Enumerable.Repeat((byte)7, 32)]).PeerId;
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/127.0.0.1/tcp/4001");
    private static readonly RelayLimit Limit = new(TimeSpan.FromMinutes(2), 131072);
    private static readonly byte[] Hash = Multihash.OfSha256("skein"u8);
    private static readonly KadRecord Record = new("/ns/key"u8.ToArray(), "value"u8.ToArray(), string.Empty);
    private static readonly KadPeer[] Peers = [new KadPeer(A, [Address])];

    private static readonly Dictionary<string, Dictionary<string, Action<byte[]>>> Checks = new(StringComparer.Ordinal)
    {
        ["kademlia.md"] = new(StringComparer.Ordinal)
        {
            ["FIND_NODE of `01 02 03`"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.FindNode, Key = new byte[] { 1, 2, 3 } }),
            ["answer: A at `/ip4/127.0.0.1/tcp/4001`"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.FindNode, Key = new byte[] { 1, 2, 3 }, CloserPeers = Peers }),
            ["PUT_VALUE of `value` under `/ns/key`"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.PutValue, Key = Record.Key, Record = Record }),
            ["answer to GET_VALUE, received at 2026-01-02T03:04:05Z"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.GetValue, Key = Record.Key, Record = Record with { TimeReceived = "2026-01-02T03:04:05Z" } }),
            ["ADD_PROVIDER by A of SHA-256 of `skein`"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.AddProvider, Key = Hash, ProviderPeers = Peers }),
            ["GET_PROVIDERS of SHA-256 of `skein`"] = bytes => IsKad(bytes, new KadMessage { Type = KadMessageType.GetProviders, Key = Hash }),
        },
        ["relay.md"] = new(StringComparer.Ordinal)
        {
            ["hop RESERVE"] = bytes => IsHop(bytes, new HopMessage { Type = HopMessageType.Reserve }),
            ["hop CONNECT to A"] = bytes => IsHop(bytes, new HopMessage { Type = HopMessageType.Connect, Peer = A }),
            ["hop STATUS OK, 120 s and 131072 bytes"] = bytes => IsHop(bytes, new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.Ok, Limit = Limit }),
            ["hop STATUS NO_RESERVATION"] = bytes => IsHop(bytes, new HopMessage { Type = HopMessageType.Status, Status = RelayStatus.NoReservation }),
            ["stop CONNECT from A, the same limit"] = bytes => IsStop(bytes, new StopMessage { Type = StopMessageType.Connect, Peer = A, Limit = Limit }),
            ["stop STATUS OK"] = bytes => IsStop(bytes, new StopMessage { Type = StopMessageType.Status, Status = RelayStatus.Ok }),
        },
        ["hole-punching.md"] = new(StringComparer.Ordinal)
        {
            ["CONNECT, `/ip4/127.0.0.1/tcp/4001`"] = bytes => IsHolePunch(bytes, new HolePunchMessage(HolePunchMessageType.Connect, [Address])),
            ["SYNC"] = bytes => IsHolePunch(bytes, new HolePunchMessage(HolePunchMessageType.Sync, [])),
        },
        ["autonat.md"] = new(StringComparer.Ordinal)
        {
            ["request for `/ip4/127.0.0.1/tcp/4001`, nonce `0x0807060504030201`"] = bytes => IsAutoNat(bytes, new AutoNatMessage { Request = new DialRequest([Address], 0x0807060504030201) }),
            ["served, address 0, reached"] = bytes => IsAutoNat(bytes, new AutoNatMessage { Response = new DialResponse(AutoNatStatus.Ok, 0, DialStatus.Ok) }),
            ["30,000 bytes for address 1"] = bytes => IsAutoNat(bytes, new AutoNatMessage { DataRequest = new DialDataRequest(1, 30_000) }),
            ["dial back: nonce `0x0807060504030201`"] = IsDialBack,
            ["answer to the dial back"] = bytes => IsWrittenAs(bytes, DialBackMessage.Accepted),
            ["version 1: request of A for `/ip4/127.0.0.1/tcp/4001`"] = bytes => IsAutoNatV1(bytes, new AutoNatV1Message { Peer = A, Addresses = [Address] }),
            ["version 1: reached at that address, text `ok`"] = bytes => IsAutoNatV1(bytes, new AutoNatV1Message { IsResponse = true, Status = AutoNatV1Status.Ok, StatusText = "ok", Address = Address }),
        },
    };

    public static TheoryData<string, string> Names
    {
        get
        {
            var names = new TheoryData<string, string>();
            foreach (var page in Checks.Keys)
            {
                foreach (var name in ProtocolPage.ReadVectors(page).Keys)
                {
                    names.Add(page, name);
                }
            }

            return names;
        }
    }

    public static TheoryData<string> Pages => [.. Checks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Vector_OfThePage_IsWhatTheCodeSpeaks(string page, string name)
    {
        Assert.True(Checks[page].TryGetValue(name, out var check), $"Nothing checks the vector \"{name}\" of {page}: add it here.");
        check(ProtocolPage.ReadVectors(page)[name]);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Checks_WithoutAVector_AreNone(string page) => Assert.Empty(Checks[page].Keys.Except(ProtocolPage.ReadVectors(page).Keys));

    private static void IsKad(byte[] bytes, KadMessage message)
    {
        Assert.Equal(Convert.ToHexStringLower(message.Write().ToDelimited()), Convert.ToHexStringLower(bytes));
        Assert.True(Uvarint.TryRead(bytes, out _, out var prefix));
        Assert.True(KadMessage.TryRead(bytes.AsSpan(prefix), out var read));
        IsWrittenAs(bytes[prefix..], read.Write());
    }

    private static void IsHop(byte[] bytes, HopMessage message)
    {
        IsWrittenAs(bytes, message.Write());
        Assert.True(HopMessage.TryRead(bytes, out var read));
        IsWrittenAs(bytes, read.Write());
    }

    private static void IsStop(byte[] bytes, StopMessage message)
    {
        IsWrittenAs(bytes, message.Write());
        Assert.True(StopMessage.TryRead(bytes, out var read));
        IsWrittenAs(bytes, read.Write());
    }

    private static void IsHolePunch(byte[] bytes, HolePunchMessage message)
    {
        IsWrittenAs(bytes, message.Write());
        Assert.True(HolePunchMessage.TryRead(bytes, out var read));
        IsWrittenAs(bytes, read.Write());
    }

    private static void IsAutoNat(byte[] bytes, AutoNatMessage message)
    {
        IsWrittenAs(bytes, message.Write());
        Assert.True(AutoNatMessage.TryRead(bytes, out var read));
        IsWrittenAs(bytes, read.Write());
    }

    private static void IsAutoNatV1(byte[] bytes, AutoNatV1Message message)
    {
        IsWrittenAs(bytes, message.Write());
        Assert.True(AutoNatV1Message.TryRead(bytes, out var read));
        IsWrittenAs(bytes, read.Write());
    }

    private static void IsDialBack(byte[] bytes)
    {
        IsWrittenAs(bytes, new DialBackMessage(0x0807060504030201).Write());
        Assert.True(DialBackMessage.TryRead(bytes, out var read));
        Assert.Equal(0x0807060504030201UL, read.Nonce);
    }

    private static void IsWrittenAs(byte[] page, ProtoWriter code) => Assert.Equal(Convert.ToHexStringLower(code.Written), Convert.ToHexStringLower(page));
}
