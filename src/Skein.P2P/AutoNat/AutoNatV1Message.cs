using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Wire;

namespace Skein.P2P.AutoNat;

/// <summary>A message of <see cref="AutoNatProtocol.V1Id"/>: a request, or an answer.</summary>
public sealed record AutoNatV1Message
{
    /// <summary>Addresses of a request that are looked at.</summary>
    public const int MaxAddresses = 32;

    private const int MaxText = 256;

    /// <summary>Whether it is an answer.</summary>
    public bool IsResponse { get; init; }

    /// <summary>Of a request: who wants to be dialled; null if it does not say.</summary>
    public PeerId? Peer { get; init; }

    /// <summary>Of a request: where. Those that are not understood are left out.</summary>
    public IReadOnlyList<Multiaddr> Addresses { get; init; } = [];

    /// <summary>Of an answer: what came of it.</summary>
    public AutoNatV1Status Status { get; init; }

    /// <summary>Of an answer: why, for people.</summary>
    public string StatusText { get; init; } = string.Empty;

    /// <summary>Of an answer: which address answered.</summary>
    public Multiaddr? Address { get; init; }

    /// <summary>Reads a message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out AutoNatV1Message? message)
    {
        message = null;
        if (encoded.Length > AutoNatProtocol.MaxMessage)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        var type = 0;
        AutoNatV1Message? request = null, response = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.ReadInt32(1);
                    break;
                case 2:
                    var dial = new ProtoReader(reader.ReadBytes(AutoNatProtocol.MaxMessage));
                    request = ReadDial(ref dial);
                    if (dial.Malformed)
                    {
                        return false;
                    }

                    break;
                case 3:
                    var answer = new ProtoReader(reader.ReadBytes(AutoNatProtocol.MaxMessage));
                    response = ReadResponse(ref answer);
                    if (answer.Malformed)
                    {
                        return false;
                    }

                    break;
            }
        }

        message = reader.Malformed ? null : type == 0 ? request : response;
        return message is not null;
    }

    /// <summary>The message as protobuf.</summary>
    public ProtoWriter Write()
    {
        var body = new ProtoWriter();
        if (IsResponse)
        {
            body.Varint(1, (ulong)Status).Text(2, StatusText);
            if (Address is not null)
            {
                body.Bytes(3, Address.Bytes.Span);
            }

            return new ProtoWriter().Varint(1, 1).Message(3, body);
        }

        if (Peer is not null)
        {
            body.Bytes(1, Peer.Bytes.Span);
        }

        foreach (var address in Addresses)
        {
            body.Bytes(2, address.Bytes.Span);
        }

        return new ProtoWriter().Varint(1, 0).Message(2, new ProtoWriter().Message(1, body));
    }

    private static AutoNatV1Message? ReadDial(ref ProtoReader reader)
    {
        var read = new AutoNatV1Message();
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                continue;
            }

            PeerId? peer = null;
            var addresses = new List<Multiaddr>();
            var info = new ProtoReader(reader.ReadBytes(AutoNatProtocol.MaxMessage));
            while (info.Next())
            {
                switch (info.Field)
                {
                    case 1:
                        if (!PeerId.TryRead(info.ReadBytes(PeerId.MaxLength), out peer))
                        {
                            reader.Fail();
                        }

                        break;
                    case 2:
                        if (Multiaddr.TryRead(info.ReadBytes(Multiaddr.MaxLength), out var address) && addresses.Count < MaxAddresses)
                        {
                            addresses.Add(address);
                        }

                        break;
                }
            }

            if (info.Malformed)
            {
                reader.Fail();
            }

            read = new AutoNatV1Message { Peer = peer, Addresses = addresses };
        }

        return read;
    }

    private static AutoNatV1Message ReadResponse(ref ProtoReader reader)
    {
        var status = 0;
        var text = string.Empty;
        Multiaddr? address = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    status = reader.ReadInt32(int.MaxValue);
                    break;
                case 2:
                    text = reader.ReadString(MaxText);
                    break;
                case 3:
                    Multiaddr.TryRead(reader.ReadBytes(Multiaddr.MaxLength), out address);
                    break;
            }
        }

        return new AutoNatV1Message { IsResponse = true, Status = (AutoNatV1Status)status, StatusText = text, Address = address };
    }
}
