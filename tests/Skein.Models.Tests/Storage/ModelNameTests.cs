using CsCheck;

namespace Skein.Models.Tests.Storage;

public sealed class ModelNameTests
{
    [Theory]
    [InlineData("smollm2-135m")]
    [InlineData("a")]
    [InlineData("qwen2.5_coder-0.5b")]
    [InlineData("7b")]
    [InlineData("console")]
    public void TryParse_OfAName_TakesIt(string text)
    {
        Assert.True(ModelName.TryParse(text, out var name));
        Assert.Equal(text, name.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData("../a")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("C:a")]
    [InlineData("a:b")]
    [InlineData(".hidden")]
    [InlineData("ends.")]
    [InlineData("-option")]
    [InlineData("Upper")]
    [InlineData("ümlaut")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\0")]
    [InlineData("nul")]
    [InlineData("nul.gguf")]
    [InlineData("com1.x.y")]
    [InlineData("pieces")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void TryParse_OfAnythingElse_RefusesIt(string text)
    {
        Assert.False(ModelName.TryParse(text, out _));
        Assert.Equal(ModelError.BadName, Assert.Throws<ModelException>(() => ModelName.Parse(text)).Error);
    }

    [Fact]
    public void TryParse_OfAnyText_NeverLeavesTheFolder()
        => Gen.String[Gen.OneOf(Gen.Char, Gen.Char["./\\a-z"]), 0, 12].Sample(text =>
        {
            if (ModelName.TryParse(text, out var name))
            {
                var root = new StoreRoot("/store", IsWritable: true);
                Assert.Equal("/store", Path.GetDirectoryName(Path.GetFullPath(root.FolderOf(name))));
            }
        });
}
