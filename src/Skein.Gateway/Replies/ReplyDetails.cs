namespace Skein.Gateway.Replies;

/// <summary>How a reply came about; beside it as <c>x_skein</c> when the request says <c>"x_skein": true</c>.</summary>
/// <param name="TokenIds">Tokens of the reply, without the one by which the model ended it.</param>
/// <param name="TimeToFirstTokenMs">Milliseconds from the request to its first token.</param>
/// <param name="TokensPerSecond">Tokens after the first, per second.</param>
/// <param name="FirstHopRttMs">Milliseconds of a round trip from the gateway to the first stage; null if it was not measured.</param>
/// <param name="Stages">The chain that answered, first stage first.</param>
public sealed record ReplyDetails(IReadOnlyList<int> TokenIds, double TimeToFirstTokenMs, double TokensPerSecond, double? FirstHopRttMs, IReadOnlyList<StageDetails> Stages)
{
    internal static double? Milliseconds(TimeSpan? span) => span is { } known ? Math.Round(known.TotalMilliseconds, 3) : null;

    internal static ReplyDetails Of(Reply reply)
        => new(
            reply.TokenIds,
            Math.Round((reply.TimeToFirstToken ?? TimeSpan.Zero).TotalMilliseconds, 3),
            Math.Round(reply.Report.TokensPerSecond, 3),
            Milliseconds(reply.Report.FirstHopRoundTrip),
            [.. reply.Report.Stages.Select(StageDetails.Of)]);
}
