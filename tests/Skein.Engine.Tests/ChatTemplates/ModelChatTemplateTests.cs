using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates;
using Skein.Engine.Tokenizing;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>Templates with a model's own vocabulary.</summary>
[Collection(EngineCollection.Name)]
public sealed class ModelChatTemplateTests
{
    [Fact]
    public void ForModel_RealVocabulary_KnowsItsMarkersAndTokens()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.SmolLm2);

        var standIn = ChatTemplate.ForModel(null, tokenizer, tokenizer.EndOfSequence);
        var prompt = standIn.Render([new JsonObject { ["role"] = "user", ["content"] = "Hi" }]);
        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", prompt);
        Assert.Equal(3, tokenizer.Tokenize(prompt, addSpecial: false, parseSpecial: true).Count(tokenizer.IsControl));
        Assert.Equal("<|im_start|> <|im_end|>", ChatTemplate.ForModel("{{ bos_token }} {{ eos_token }}", tokenizer, tokenizer.EndOfSequence).Render([]));
    }

    [Fact]
    public void ForModel_BaseModel_SaysThatItCannotChat()
    {
        using var tokenizer = LlamaTokenizer.Load(SharedData.Gemma3);

        Assert.Equal(ChatTemplateError.Missing, Assert.Throws<ChatTemplateException>(() => ChatTemplate.ForModel(null, tokenizer, tokenizer.EndOfSequence)).Error);
    }
}
