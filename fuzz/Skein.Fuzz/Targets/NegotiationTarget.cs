using Skein.P2P.Errors;
using Skein.P2P.Negotiation;

namespace Skein.Fuzz.Targets;

/// <summary>Lines of multistream-select, one by one and in a whole negotiation.</summary>
[Fuzzes(typeof(MultistreamSelect))]
public sealed class NegotiationTarget : IFuzzTarget
{
    // A header and an answer for each proposal that is looked at; the list is the longest.
    private const int MostWritten = 32 * (MultistreamSelect.MaxProposals + 1);

    private static readonly string[] Spoken = ["/noise", "/yamux/1.0.0"];

    public string Name => "negotiation";

    public void Run(ReadOnlySpan<byte> data)
    {
        if (MultistreamSelect.TryReadLine(data, out var text, out var consumed))
        {
            FuzzCheck.Holds(data[..consumed].SequenceEqual(MultistreamSelect.EncodeLine(text)), "a line survives a second writing");
        }

        var script = data.ToArray();
        Answer(script);
        Propose(script);
        Optimistic(script);
    }

    private static void Answer(byte[] script)
    {
        var stream = new ScriptedStream(script);
        try
        {
            var agreed = FuzzCheck.CompletesAtOnce(MultistreamSelect.AnswerAsync(stream, Spoken.Contains, () => Spoken, CancellationToken.None));
            FuzzCheck.Holds(agreed is null || Spoken.Contains(agreed), "only what is spoken is agreed on");
        }
        catch (P2PException)
        {
            // No negotiation.
        }

        FuzzCheck.Holds(stream.Written.Length <= MostWritten, "answers are bounded, whatever was asked");
    }

    private static void Propose(byte[] script)
    {
        try
        {
            var taken = FuzzCheck.CompletesAtOnce(MultistreamSelect.ProposeAsync(new ScriptedStream(script), Spoken, CancellationToken.None));
            FuzzCheck.Holds(Spoken.Contains(taken), "only what was proposed is taken");
        }
        catch (P2PException)
        {
            // No answer.
        }
    }

    private static void Optimistic(byte[] script)
    {
        var expected = MultistreamSelect.EncodeProposal(Spoken[0]);
        var stream = new ScriptedStream(script);
        try
        {
            FuzzCheck.CompletesAtOnce(MultistreamSelect.ReadOptimisticAnswerAsync(stream, Spoken[0], CancellationToken.None));
            FuzzCheck.Holds(stream.Consumed == expected.Length && script.AsSpan().StartsWith(expected), "the answer is read, and not a byte more");
        }
        catch (P2PException)
        {
            // No answer.
        }
    }
}
