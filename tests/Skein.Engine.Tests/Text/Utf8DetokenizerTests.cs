using System.Text;
using CsCheck;
using Skein.Engine.Text;

namespace Skein.Engine.Tests.Text;

public sealed class Utf8DetokenizerTests
{
    private static readonly Gen<byte[]> AnyBytes = Gen.OneOf(
        Gen.Byte.Array[0, 40],
        // Lead and continuation bytes, to meet every kind of unfinished character often.
        Gen.OneOf<byte>(0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0x9F, 0x98, 0xFF).Array[0, 40],
        Gen.String.Select(Encoding.UTF8.GetBytes));

    [Fact]
    public void Append_AnyBytesInAnyPieces_JoinToTheWholeDecoding()
        => Gen.Select(AnyBytes, Gen.Int[1, 5].Array[1, 8]).Sample((bytes, cuts) =>
        {
            var detokenizer = new Utf8Detokenizer();
            var text = new StringBuilder();
            for (int at = 0, i = 0; at < bytes.Length; i++)
            {
                var length = Math.Min(cuts[i % cuts.Length], bytes.Length - at);
                text.Append(detokenizer.Append(bytes.AsSpan(at, length)));
                at += length;
            }

            text.Append(detokenizer.Flush());
            Assert.Equal(Encoding.UTF8.GetString(bytes), text.ToString());
        });

    [Fact]
    public void Append_EmojiByteByByte_AppearsWithItsLastByte()
    {
        var detokenizer = new Utf8Detokenizer();
        var bytes = "😀"u8.ToArray();

        Assert.Equal("", detokenizer.Append(bytes.AsSpan(0, 1)));
        Assert.Equal("", detokenizer.Append(bytes.AsSpan(1, 1)));
        Assert.Equal("", detokenizer.Append([]));
        Assert.Equal("", detokenizer.Append(bytes.AsSpan(2, 1)));
        Assert.Equal("😀", detokenizer.Append(bytes.AsSpan(3, 1)));
        Assert.Equal("", detokenizer.Flush());
    }

    [Fact]
    public void Append_InvalidByteAfterUnfinishedCharacter_ReplacesOnlyTheUnfinishedOne()
    {
        var detokenizer = new Utf8Detokenizer();

        Assert.Equal("", detokenizer.Append([0xE2, 0x82]));
        Assert.Equal("\uFFFDA", detokenizer.Append("A"u8));
        Assert.Equal("\uFFFD", detokenizer.Append([0xFF]));
    }

    [Fact]
    public void Flush_UnfinishedCharacter_IsReplacedAndForgotten()
    {
        var detokenizer = new Utf8Detokenizer();
        detokenizer.Append([0xF0, 0x9F, 0x98]);

        Assert.Equal("\uFFFD", detokenizer.Flush());
        Assert.Equal("", detokenizer.Flush());
        Assert.Equal("é", detokenizer.Append("é"u8));
    }

    [Fact]
    public void Append_ByteOrderMark_IsKept()
        => Assert.Equal("\uFEFFa", new Utf8Detokenizer().Append([0xEF, 0xBB, 0xBF, 0x61]));
}
