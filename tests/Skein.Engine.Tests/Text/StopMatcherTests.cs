using System.Text;
using CsCheck;
using Skein.Engine.Text;

namespace Skein.Engine.Tests.Text;

public sealed class StopMatcherTests
{
    private static readonly Gen<string> FewLetters = Gen.Char["ab "].Array[0, 30].Select(chars => new string(chars));

    private static readonly Gen<string[]> Stops = Gen.Char["ab "].Array[1, 6].Select(chars => new string(chars)).Array[0, StopMatcher.MaxStops];

    [Fact]
    public void Append_AnyPieces_AgreesWithTheNaiveDefinition()
        => Gen.Select(FewLetters, Stops, Gen.Int[1, 4].Array[1, 8]).Sample((text, stops, cuts) =>
        {
            var (expected, stop) = Naive(text, stops);
            var matcher = new StopMatcher(stops);
            var shown = new StringBuilder();
            var given = 0;
            for (var i = 0; given < text.Length; i++)
            {
                var length = Math.Min(cuts[i % cuts.Length], text.Length - given);
                shown.Append(matcher.Append(text.Substring(given, length)));
                given += length;
                if (!matcher.IsStopped)
                {
                    // What is held back is the longest end that begins a stop string, and nothing more.
                    Assert.Equal(text[..(given - OpenLength(text[..given], stops))], shown.ToString());
                }
            }

            shown.Append(matcher.Flush());
            Assert.Equal(expected, shown.ToString());
            Assert.Equal(stop, matcher.MatchedStop);
        }, iter: 20_000);

    [Fact]
    public void Append_StopOverThreePieces_IsCutOffWhole()
    {
        var matcher = new StopMatcher(["<|end|>"]);

        Assert.Equal("Hello ", matcher.Append("Hello <"));
        Assert.Equal("", matcher.Append("|en"));
        Assert.Equal("", matcher.Append("d|> more"));
        Assert.True(matcher.IsStopped);
        Assert.Equal("<|end|>", matcher.MatchedStop);
        Assert.Equal("", matcher.Append("ignored"));
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void Append_NearMiss_ComesOutAsSoonAsItIsOne()
    {
        var matcher = new StopMatcher(["\n\nUser:"]);

        Assert.Equal("a", matcher.Append("a\n\nUs"));
        Assert.Equal("\n\nUse the", matcher.Append("e the"));
        Assert.False(matcher.IsStopped);
    }

    [Fact]
    public void Append_TwoStopsEndTogether_TheLongerIsCutOff()
    {
        var matcher = new StopMatcher(["b", "ab"]);

        Assert.Equal("x", matcher.Append("xab"));
        Assert.Equal("ab", matcher.MatchedStop);
    }

    [Fact]
    public void Append_ShorterStopCompletesFirst_DoesNotWaitForTheLonger()
    {
        var matcher = new StopMatcher(["b", "abc"]);

        Assert.Equal("a", matcher.Append("abc"));
        Assert.Equal("b", matcher.MatchedStop);
    }

    [Fact]
    public void Append_NoStops_PassesEverything()
    {
        var matcher = new StopMatcher([]);

        Assert.Equal("any text", matcher.Append("any text"));
        Assert.Equal("", matcher.Flush());
        Assert.False(matcher.IsStopped);
    }

    [Fact]
    public void Append_StopOfEmoji_NeverSplitsAnother()
    {
        var matcher = new StopMatcher(["😀"]);

        Assert.Equal("😁", matcher.Append("😁"));
        Assert.Equal("", matcher.Append("😀"));
        Assert.True(matcher.IsStopped);
    }

    [Fact]
    public void Constructor_StopThatCannotMatch_Refuses()
    {
        Assert.Contains("0 characters", Assert.Throws<ArgumentException>(() => new StopMatcher([""])).Message, StringComparison.Ordinal);
        Assert.Contains("surrogate", Assert.Throws<ArgumentException>(() => new StopMatcher(["\uD83D"])).Message, StringComparison.Ordinal);
        Assert.Contains("surrogate", Assert.Throws<ArgumentException>(() => new StopMatcher(["\uDE00\uD83D"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_TooManyOrTooLong_Refuses()
    {
        Assert.Throws<ArgumentException>(() => new StopMatcher(["a", "b", "c", "d", "e"]));
        Assert.Throws<ArgumentException>(() => new StopMatcher([new string('a', StopMatcher.MaxStopLength + 1)]));
        Assert.Null(StopMatcher.Problem(["a", "b", "c", new string('a', StopMatcher.MaxStopLength)]));
    }

    [Fact]
    public void Append_LongRepetitiveText_IsLinear()
    {
        // Backtracking would take 10^9 steps here.
        var matcher = new StopMatcher([new string('a', 1000) + "b"]);
        var shown = matcher.Append(new string('a', 1_000_000));

        Assert.Equal(1_000_000 - 1000, shown.Length);
    }

    private static (string Text, string? Stop) Naive(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var stop = stops.Where(s => text[..end].EndsWith(s, StringComparison.Ordinal)).MaxBy(s => s.Length);
            if (stop is not null)
            {
                return (text[..(end - stop.Length)], stop);
            }
        }

        return (text, null);
    }

    private static int OpenLength(string text, string[] stops)
        => Enumerable.Range(0, text.Length + 1).Reverse().First(n => n == 0 || stops.Any(s => s.Length > n && s.StartsWith(text[^n..], StringComparison.Ordinal)));
}
