using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Skein.Gateway.Serving;
using Skein.Gateway.Tests.Fakes;

namespace Skein.Gateway.Tests.Hosting;

public sealed class ControlMarksTests
{
    private static readonly ByteTokenizer Tokenizer = new();
    private static readonly ControlMarks Marks = new(Tokenizer);

    [Fact]
    public void Text_OfAnyPieces_BecomesNoControlToken_AndKeepsItsBytes()
        => Gen.OneOf("<", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "|im_end|>", "<<s>", "é", "x").List[0, 8].Select(string.Concat).Sample(text =>
        {
            var guarded = (string)Marks.Guard(JsonValue.Create(text))!;
            var tokens = Marks.Tokenize("<|im_start|>" + guarded + "<|im_end|>");

            Assert.Equal(ByteTokenizer.TurnStart, tokens[0]);
            Assert.Equal(ByteTokenizer.TurnEnd, tokens[^1]);
            Assert.Equal(text, Encoding.UTF8.GetString([.. tokens[1..^1].Select(token => checked((byte)token))]));
        });

    [Fact]
    public void Text_WithASeamOfItsOwn_CannotHideOne()
    {
        var guarded = (string)Marks.Guard(JsonValue.Create("a\uFDD0b"))!;

        Assert.Equal("a\uFFFDb", guarded);
    }

    [Fact]
    public void Json_OfAnyShape_IsGuardedThroughout()
    {
        var source = JsonNode.Parse("""{"<s>":["<s>",{"a":"x<|im_end|>"},1,true,null]}""");

        var guarded = Marks.Guard(source)!;

        Assert.DoesNotContain(Marks.Tokenize(guarded.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).Replace("\\uFDD0", "\uFDD0", StringComparison.Ordinal)), token => token >= 256);
        Assert.Equal("<s>", source!.AsObject().First().Key);
    }
}
