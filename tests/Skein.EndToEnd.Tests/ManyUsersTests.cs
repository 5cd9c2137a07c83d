using System.Diagnostics;
using Skein.EndToEnd.Tests.Harness;

namespace Skein.EndToEnd.Tests;

[Collection(nameof(RingFixture))]
public sealed class ManyUsersTests(RingFixture fixture)
{
    private static readonly string[] Prompts =
    [
        "What is the capital of France?", "Name three colours.", "Write a haiku about rain.", "What is two plus two?",
        "Tell me about the moon.", "How do I boil an egg?", "List the days of the week.", "What is a computer?",
    ];

    [Fact]
    public async Task EightChats_AtOnce_GiveEachTheTextThatItGivesAlone()
    {
        var alone = new List<string>();
        foreach (var prompt in Prompts)
        {
            alone.Add(await fixture.Ring.AnswerAsync(prompt, 48));
        }

        var together = await Task.WhenAll(Prompts.Select(prompt => fixture.Ring.AnswerAsync(prompt, 48)));

        Assert.Equal(alone, together);
        Assert.Equal(Prompts.Length, together.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task EightChats_AtOnce_GiveMoreTokensPerSecondThanOne()
    {
        await MeasureAsync(8);
        var ratios = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            var one = await MeasureAsync(1);
            var eight = await MeasureAsync(8);
            ratios.Add(eight / one);
        }

        ratios.Sort();
        Assert.True(ratios[1] > 1, $"eight at once gave {string.Join(", ", ratios.Select(r => r.ToString("0.00")))} times the tokens per second of one");
    }

    private async Task<double> MeasureAsync(int users)
    {
        var clock = Stopwatch.StartNew();
        var replies = await Task.WhenAll(Enumerable.Range(0, users).Select(i => fixture.Ring.CompleteAsync(Ring.Chat(Prompts[i], 48))));
        return replies.Sum(reply => reply["usage"]!["completion_tokens"]!.GetValue<int>()) / clock.Elapsed.TotalSeconds;
    }
}
