using System.Diagnostics.CodeAnalysis;
using Skein.Core.Identity;
using Skein.Core.Stages;
using Skein.Swarm.Wire;

namespace Skein.Swarm.Messages;

/// <summary>One span that a node hosts. Fields: 1 model digest, 2 first block, 3 end block, 4 width, 5 most rows a step, 6 most tokens a sequence, 7 KV token budget, 8 free KV tokens, 9 engine class, 10 width invariant.</summary>
/// <param name="Model">Identity of the model.</param>
/// <param name="Info">What the stage hosts and can hold.</param>
/// <param name="FreeKvTokens">KV tokens that nobody had reserved when the offer was written.</param>
internal sealed record StageOffer(Sha256Digest Model, StageInfo Info, int FreeKvTokens)
{
    /// <summary>Bytes that an offer takes at most.</summary>
    public const int MaxSize = 512;

    public void Write(ref FieldWriter writer)
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Size];
        Model.CopyTo(digest);
        writer.Bytes(1, digest);
        writer.Number(2, (ulong)Info.Span.First);
        writer.Number(3, (ulong)Info.Span.End);
        writer.Number(4, (ulong)Info.Width);
        writer.Number(5, (ulong)Info.MaxStepRows);
        writer.Number(6, (ulong)Info.MaxSequenceTokens);
        writer.Number(7, (ulong)Info.KvTokenBudget);
        writer.Number(8, (ulong)FreeKvTokens);
        writer.Text(9, Errors.SwarmErrors.Bound(Info.EngineClass, WireLimits.MaxEngineClass));
        writer.Flag(10, Info.WidthInvariant);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, [NotNullWhen(true)] out StageOffer? offer)
    {
        offer = null;
        Sha256Digest? model = null;
        int first = 0, end = 0, width = 0, rows = 0, sequence = 0, budget = 0, free = 0;
        var engine = string.Empty;
        var invariant = false;
        var reader = new FieldReader(body);
        while (reader.Next())
        {
            var fits = true;
            switch (reader.Field)
            {
                case 1:
                    fits = reader.TryBytes(Sha256Digest.Size, out var digest) && digest.Length == Sha256Digest.Size;
                    model = fits ? Sha256Digest.FromBytes(digest) : null;
                    break;
                case 2:
                    fits = reader.TryNumber(WireLimits.MaxBlocks, out first);
                    break;
                case 3:
                    fits = reader.TryNumber(WireLimits.MaxBlocks, out end);
                    break;
                case 4:
                    fits = reader.TryNumber(WireLimits.MaxWidth, out width);
                    break;
                case 5:
                    fits = reader.TryNumber(int.MaxValue, out rows);
                    break;
                case 6:
                    fits = reader.TryNumber(WireLimits.MaxPosition, out sequence);
                    break;
                case 7:
                    fits = reader.TryNumber(int.MaxValue, out budget);
                    break;
                case 8:
                    fits = reader.TryNumber(int.MaxValue, out free);
                    break;
                case 9:
                    fits = reader.TryText(WireLimits.MaxEngineClass, out engine);
                    break;
                case 10:
                    fits = reader.TryFlag(out invariant);
                    break;
            }

            if (!fits)
            {
                return false;
            }
        }

        if (reader.Failed || model is not { } known || first >= end || width < 1 || rows < 1 || sequence < 1)
        {
            return false;
        }

        var info = new StageInfo(new BlockSpan(first, end), width, Math.Min(rows, WireLimits.MaxRows), sequence, budget, engine, invariant);
        offer = new StageOffer(known, info, free);
        return true;
    }
}
