using System.Text.Json.Nodes;

namespace Skein.Cli.Demo;

/// <summary>One answer and what each stage did for it: what <c>demo --once --json</c> prints.</summary>
/// <param name="Text">The reply.</param>
/// <param name="TokenIds">Its tokens.</param>
/// <param name="TokensPerSecond">Tokens after the first per second.</param>
/// <param name="TimeToFirstTokenMs">From the request to the first token.</param>
/// <param name="FirstHopRttMs">Round trip from the gateway to the first stage.</param>
/// <param name="Stages">The chain, first stage first; each with the round trip to where it sends its results.</param>
internal sealed record DemoReport(string Text, IReadOnlyList<int> TokenIds, double TokensPerSecond, double TimeToFirstTokenMs, double? FirstHopRttMs, IReadOnlyList<DemoStage> Stages)
{
    /// <summary>Reads a chat or text completion that carries <c>x_skein</c>.</summary>
    /// <exception cref="DemoException">It does not show that every block was run by a stage of the ring.</exception>
    public static DemoReport FromCompletion(JsonNode completion, int blockCount)
    {
        var choice = completion["choices"]?[0] ?? throw new DemoException("The gateway answered without a choice.");
        var detail = choice["x_skein"] ?? throw new DemoException("The gateway answered without saying which stages worked.");
        var stages = detail["stages"]!.AsArray().Select(stage => new DemoStage(
            stage!["peer"]!.GetValue<string>(),
            stage["first_block"]!.GetValue<int>(),
            stage["end_block"]!.GetValue<int>(),
            stage["rows"]!.GetValue<long>(),
            stage["compute_ms"]!.GetValue<double>(),
            stage["bytes_in"]!.GetValue<long>(),
            stage["bytes_out"]!.GetValue<long>(),
            stage["rtt_ms"]?.GetValue<double>())).ToArray();

        // An answer that some stage did not work for is no answer of the ring.
        var next = 0;
        foreach (var stage in stages)
        {
            if (stage.FirstBlock != next || stage.Rows == 0 || stage.BytesIn == 0)
            {
                throw new DemoException($"Stage {stage.Peer} (blocks {stage.FirstBlock} to {stage.EndBlock}) did not take part in the answer.");
            }

            next = stage.EndBlock;
        }

        if (next != blockCount)
        {
            throw new DemoException($"The stages that answered cover blocks 0 to {next} of {blockCount}.");
        }

        var text = (choice["message"]?["content"] ?? choice["text"])!.GetValue<string>();
        if (text.Length == 0)
        {
            throw new DemoException("The reply is empty.");
        }

        return new DemoReport(
            text,
            [.. detail["token_ids"]!.AsArray().Select(id => id!.GetValue<int>())],
            detail["tokens_per_second"]!.GetValue<double>(),
            detail["time_to_first_token_ms"]!.GetValue<double>(),
            detail["first_hop_rtt_ms"]?.GetValue<double>(),
            stages);
    }
}
