using System.Text;
using CsCheck;
using Skein.Core.Generation;
using Skein.Gateway.Replies;
using Skein.Gateway.Serving;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Replies;

public sealed class ReplyTests
{
    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Gen.OneOf("a", "b", "ab", "é", "😀", "STOP", "ST").List[0, 12].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))),
        Gen.Byte.Array[0, 24]);

    [Fact]
    public void Reply_InPieces_JoinsToTheWholeText_WithTheTokensOfThatText()
    {
        var tokenizer = new ByteTokenizer();
        Gen.Select(Bytes, Gen.OneOf("STOP", "ab", "é", "b").List[0, 3], Gen.Int[1, 30]).Sample((bytes, stops, maxTokens) =>
        {
            var generator = new ScriptedGenerator(_ => bytes.Select(ScriptedGenerator.Step (value) => new ScriptedGenerator.TokenStep(value)).Append(new ScriptedGenerator.EndStep()));
            var model = new ServedModel("m", generator, tokenizer, null, DateTimeOffset.UnixEpoch);
            var reply = new Reply(new ReplyRequest(0, model, new GenerationRequest { Prompt = new[] { 1 }, MaxTokens = maxTokens }, stops), TimeProvider.System);

            var pieces = reply.ProduceAsync(CancellationToken.None).ToBlockingEnumerable().ToList();

            // The naive definition: decode everything, cut at the first character that completes a stop string.
            var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, maxTokens)]);
            var cut = stops.Select(stop => (Start: text.IndexOf(stop, StringComparison.Ordinal), stop.Length)).Where(at => at.Start >= 0)
                .OrderBy(at => at.Start + at.Length).ThenByDescending(at => at.Length).Select(at => at.Start).DefaultIfEmpty(-1).First();
            var joined = string.Concat(pieces.Select(piece => piece.Text));
            Assert.Equal(cut < 0 ? text : text[..cut], joined);
            Assert.Equal(cut >= 0 || bytes.Length < maxTokens ? FinishReason.Stop : FinishReason.Length, pieces[^1].FinishReason);
            Assert.All(pieces.SkipLast(1), piece => Assert.Null(piece.FinishReason));

            var tokens = pieces.SelectMany(piece => piece.Tokens).ToList();
            Assert.Equal(bytes.Take(tokens.Count).Select(value => (int)value), tokens.Select(token => token.Id));
            Assert.True(cut >= 0 || tokens.Count == Math.Min(bytes.Length, maxTokens), "Without a stop string every token is given out.");
            Assert.All(tokens, token => Assert.True(token.TextOffset <= joined.Length));
        }, iter: 3000);
    }
}
