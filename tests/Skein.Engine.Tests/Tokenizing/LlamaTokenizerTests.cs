using System.Diagnostics;
using System.Text;
using CsCheck;
using Skein.Engine.Errors;
using Skein.Engine.Tests.Parity;
using Skein.Engine.Tokenizing;

namespace Skein.Engine.Tests.Tokenizing;

[Collection(EngineCollection.Name)]
public sealed class LlamaTokenizerTests(TestModels models)
{
    [Fact]
    public void Tokenize_ChatMarkers_AreControlTokensOnlyWhenAsked()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.SmolLm2);
        var marked = tokenizer.Tokenize("<|im_start|>user\nhi<|im_end|>", addSpecial: false, parseSpecial: true);
        var plain = tokenizer.Tokenize("<|im_start|>user\nhi<|im_end|>", addSpecial: false, parseSpecial: false);

        Assert.True(tokenizer.IsControl(marked[0]));
        Assert.True(tokenizer.IsEndOfGeneration(marked[^1]));
        Assert.DoesNotContain(plain, tokenizer.IsControl);
        Assert.Empty(tokenizer.TokenBytes(marked[0]).ToArray());
        Assert.Equal("<|im_start|>"u8.ToArray(), tokenizer.TokenBytes(marked[0], special: true).ToArray());
        Assert.Equal(49152, tokenizer.VocabularySize);
    }

    [Fact]
    public void TokenBytes_OfAnyText_AddUpToTheText()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.SmolLm2);
        Gen.String.Sample(text =>
        {
            var bytes = tokenizer.Tokenize(text, addSpecial: false, parseSpecial: false).SelectMany(token => tokenizer.TokenBytes(token, special: true).ToArray());

            Assert.Equal(Encoding.UTF8.GetBytes(text), bytes);
        }, iter: 300);
    }

    [Fact]
    public void Tokenize_LoneSurrogate_IsTheReplacementCharacter()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.SmolLm2);

        Assert.Equal(tokenizer.Tokenize("a\uFFFDb", false, false), tokenizer.Tokenize("a\uD800b", false, false));
        Assert.Empty(tokenizer.Tokenize(string.Empty, false, false));
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("a")]
    [InlineData("1")]
    [InlineData("\n")]
    [InlineData("'")]
    [InlineData("模")]
    [InlineData("🌍")]
    [InlineData("ab ")]
    [InlineData("<|im_start|>")]
    public async Task Tokenize_LongMonotonousText_NeitherCrashesNorHangs(string unit)
    {
        string[] paths = [SharedData.SmolLm2, SharedData.Gemma3, SharedData.Tiny("llama"), SharedData.Tiny("mistral"), SharedData.Tiny("qwen2")];
        var text = string.Concat(Enumerable.Repeat(unit, 40_000 / unit.Length));
        foreach (var path in paths)
        {
            using var tokenizer = LlamaTokenizer.Load(path);
            var started = Stopwatch.GetTimestamp();
            var tokens = await Task.Run(() => tokenizer.Tokenize(text, addSpecial: true, parseSpecial: true), TestContext.Current.CancellationToken);

            TestContext.Current.TestOutputHelper?.WriteLine($"{Path.GetFileName(path)} {Stopwatch.GetElapsedTime(started)}");
            Assert.NotEmpty(tokens);
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"{Path.GetFileName(path)} took {Stopwatch.GetElapsedTime(started)}.");
        }
    }

    [Fact]
    public void Tokens_OutsideTheVocabulary_AreRefused()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.Tiny("llama"));

        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IsControl(tokenizer.VocabularySize));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.IsEndOfGeneration(int.MaxValue));
    }

    [Fact]
    public async Task Load_OfAMiddleStage_IsRefused()
    {
        var model = await models.GetAsync(SharedData.Tiny("llama"));
        var files = await model.AssembleStageAsync(new(0, 2), TestContext.Current.CancellationToken);

        Assert.Equal(EngineError.WrongModel, Assert.Throws<EngineException>(() => LlamaTokenizer.Load(files.Parts[0])).Error);
        Assert.Equal(EngineError.FileMissing, Assert.Throws<EngineException>(() => LlamaTokenizer.Load("nowhere.gguf")).Error);
    }
}
