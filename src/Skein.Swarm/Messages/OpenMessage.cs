using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Swarm.Codecs;
using Skein.Swarm.Transport;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>Asks a stage to take part in a session. Fields: 1 session, 2 hop, 3 model digest, 4 first block, 5 end block, 6 next hop (1 id, 2 addresses), 7 return link, 8 row format, 9 KV tokens, 10 ticket.</summary>
/// <param name="Session">Which session: 128 random bits, chosen by the coordinator.</param>
/// <param name="Hop">Index of the stage in the chain.</param>
/// <param name="Model">Identity of the model.</param>
/// <param name="Span">Blocks to run.</param>
/// <param name="Next">Where results go; null at the tail.</param>
/// <param name="ReturnLink">At the tail: the link, dialled by the coordinator, on which results go back.</param>
/// <param name="Format">How rows are written between stages.</param>
/// <param name="KvTokens">Positions to reserve.</param>
/// <param name="Ticket">Permission to use the node; empty while nobody asks for one.</param>
internal sealed record OpenMessage(
    SessionId Session,
    int Hop,
    Sha256Digest Model,
    BlockSpan Span,
    PeerAddress? Next,
    UInt128 ReturnLink,
    RowFormat Format,
    int KvTokens,
    ReadOnlyMemory<byte> Ticket) : IWireMessage
{
    public WireMessageType Type => WireMessageType.Open;

    public void Write(ref FieldWriter writer)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Size];
        Model.CopyTo(digest);
        writer.Id(1, Session.Value);
        writer.Number(2, (ulong)Hop);
        writer.Bytes(3, digest);
        writer.Number(4, (ulong)Span.First);
        writer.Number(5, (ulong)Span.End);
        if (Next is not null)
        {
            AddressFields.Write(ref writer, 6, Next);
        }
        else
        {
            writer.Id(7, ReturnLink);
        }

        writer.Number(8, (ulong)Format);
        writer.Number(9, (ulong)KvTokens);
        writer.Bytes(10, Ticket.Span);
    }

    /// <remarks>A message without a usable session id or hop cannot even be refused; everything else that does not fit a stage is refused by it.</remarks>
    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out OpenMessage? message)
    {
        message = null;
        SessionId? session = null;
        Sha256Digest? model = null;
        PeerAddress? next = null;
        UInt128? back = null;
        int hop = 0, first = 0, end = 0, format = 0, kv = 0;
        byte[] ticket = [];
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            var fits = true;
            UInt128 id;
            ReadOnlySpan<byte> bytes;
            switch (reader.Field)
            {
                case 1:
                    fits = reader.TryId(out id);
                    session = new SessionId(id);
                    break;
                case 2:
                    fits = reader.TryNumber(WireLimits.MaxHops - 1, out hop);
                    break;
                case 3:
                    fits = reader.TryBytes(Sha256Digest.Size, out bytes) && bytes.Length == Sha256Digest.Size;
                    model = fits ? Sha256Digest.FromBytes(bytes) : null;
                    break;
                case 4:
                    fits = reader.TryNumber(WireLimits.MaxBlocks, out first);
                    break;
                case 5:
                    fits = reader.TryNumber(WireLimits.MaxBlocks, out end);
                    break;
                case 6:
                    fits = reader.TryBytes(WireLimits.MaxBody, out bytes) && AddressFields.TryRead(bytes, out next);
                    break;
                case 7:
                    fits = reader.TryId(out id);
                    back = id;
                    break;
                case 8:
                    fits = reader.TryNumber(byte.MaxValue, out format);
                    break;
                case 9:
                    fits = reader.TryNumber(WireLimits.MaxPosition, out kv);
                    break;
                case 10:
                    fits = reader.TryBytes(WireLimits.MaxTicket, out bytes);
                    ticket = fits ? bytes.ToArray() : [];
                    break;
            }

            if (!fits)
            {
                return false;
            }
        }

        // Exactly one way on: the next stage, or back.
        if (reader.Failed || session is not { } known || model is not { } digest || first >= end || (next is null) == (back is null))
        {
            return false;
        }

        message = new OpenMessage(known, hop, digest, new BlockSpan(first, end), next, back ?? default, (RowFormat)format, kv, ticket);
        return true;
    }
}
