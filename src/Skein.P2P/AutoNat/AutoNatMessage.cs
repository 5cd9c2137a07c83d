using System.Diagnostics.CodeAnalysis;
using Skein.P2P.Addressing;
using Skein.P2P.Wire;

namespace Skein.P2P.AutoNat;

/// <summary>A message of <see cref="AutoNatProtocol.DialRequestId"/>: exactly one of its properties is set.</summary>
public sealed record AutoNatMessage
{
    /// <summary>From the asker, first.</summary>
    public DialRequest? Request { get; init; }

    /// <summary>From the server, last.</summary>
    public DialResponse? Response { get; init; }

    /// <summary>From the server, when it wants bytes first.</summary>
    public DialDataRequest? DataRequest { get; init; }

    /// <summary>From the asker: how many bytes of dial data this message carries. They mean nothing and are not kept.</summary>
    public int? DataLength { get; init; }

    /// <summary>Reads a message.</summary>
    public static bool TryRead(ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out AutoNatMessage? message)
    {
        message = null;
        if (encoded.Length > AutoNatProtocol.MaxMessage)
        {
            return false;
        }

        var reader = new ProtoReader(encoded);
        var read = new AutoNatMessage();
        while (reader.Next())
        {
            // Of several the last counts, as protobuf has it.
            AutoNatMessage? part = null;
            var known = reader.Field is >= 1 and <= 4;
            if (known && !TryReadPart(reader.Field, reader.ReadBytes(AutoNatProtocol.MaxMessage), out part))
            {
                return false;
            }

            read = part ?? read;
        }

        if (reader.Malformed || (read.Request is null && read.Response is null && read.DataRequest is null && read.DataLength is null))
        {
            return false;
        }

        message = read;
        return true;
    }

    /// <summary>The message as protobuf.</summary>
    public ProtoWriter Write()
    {
        var writer = new ProtoWriter();
        if (Request is { } request)
        {
            var body = new ProtoWriter();
            foreach (var address in request.Addresses)
            {
                body.Bytes(1, address is null ? [] : address.Bytes.Span);
            }

            writer.Message(1, body.Fixed64(2, request.Nonce));
        }
        else if (Response is { } response)
        {
            writer.Message(2, new ProtoWriter().Varint(1, (ulong)response.Status).Varint(2, (ulong)response.AddressIndex).Varint(3, (ulong)response.Dial));
        }
        else if (DataRequest is { } wanted)
        {
            writer.Message(3, new ProtoWriter().Varint(1, (ulong)wanted.AddressIndex).Varint(2, wanted.Bytes));
        }
        else
        {
            writer.Message(4, new ProtoWriter().Bytes(1, new byte[DataLength ?? 0]));
        }

        return writer;
    }

    private static bool TryReadPart(int field, ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out AutoNatMessage? part)
    {
        var reader = new ProtoReader(encoded);
        part = field switch
        {
            1 => new AutoNatMessage { Request = ReadRequest(ref reader) },
            2 => new AutoNatMessage { Response = ReadResponse(ref reader) },
            3 => new AutoNatMessage { DataRequest = ReadDataRequest(ref reader) },
            _ => new AutoNatMessage { DataLength = ReadDataLength(ref reader) },
        };
        return !reader.Malformed;
    }

    private static DialRequest ReadRequest(ref ProtoReader reader)
    {
        var addresses = new List<Multiaddr?>();
        ulong nonce = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    Multiaddr.TryRead(reader.ReadBytes(Multiaddr.MaxLength), out var address);
                    if (addresses.Count < AutoNatProtocol.MaxAddresses)
                    {
                        addresses.Add(address);
                    }

                    break;
                case 2:
                    nonce = reader.ReadFixed64();
                    break;
            }
        }

        return new DialRequest(addresses, nonce);
    }

    private static DialResponse ReadResponse(ref ProtoReader reader)
    {
        int status = 0, index = 0, dial = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    status = reader.ReadInt32(int.MaxValue);
                    break;
                case 2:
                    index = reader.ReadInt32(int.MaxValue);
                    break;
                case 3:
                    dial = reader.ReadInt32(int.MaxValue);
                    break;
            }
        }

        return new DialResponse((AutoNatStatus)status, index, (DialStatus)dial);
    }

    private static DialDataRequest ReadDataRequest(ref ProtoReader reader)
    {
        var index = 0;
        ulong bytes = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    index = reader.ReadInt32(int.MaxValue);
                    break;
                case 2:
                    bytes = reader.ReadVarint();
                    break;
            }
        }

        return new DialDataRequest(index, bytes);
    }

    private static int ReadDataLength(ref ProtoReader reader)
    {
        var length = 0;
        while (reader.Next())
        {
            if (reader.Field == 1)
            {
                length = reader.ReadBytes(AutoNatProtocol.MaxDialDataChunk).Length;
            }
        }

        return length;
    }
}
