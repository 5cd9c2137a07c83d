using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates;

namespace Skein.Engine.Tests.ChatTemplates;

public sealed class ChatTemplateTests
{
    private static readonly JsonArray Hello = [Message("user", "Hello")];

    [Fact]
    public void Render_NoTokens_LeavesThemUndefined()
        => Assert.Equal("[][True]", ChatTemplate.Parse("[{{ bos_token }}][{{ eos_token is undefined }}]").Render(Hello));

    [Fact]
    public void Render_Tokens_AreThere()
        => Assert.Equal("<s>|</s>", ChatTemplate.Parse("{{ bos_token }}|{{ eos_token }}", "<s>", "</s>").Render(Hello));

    [Fact]
    public void Render_NoTools_IsNoneAsInTransformers()
        => Assert.Equal("True True False", ChatTemplate.Parse("{{ tools is none }} {{ documents is none }} {{ add_generation_prompt }}").Render(Hello, addGenerationPrompt: false));

    [Fact]
    public void Render_Variables_WinOverTheRest()
        => Assert.Equal("x 3", ChatTemplate.Parse("{{ bos_token }} {{ n }}", "<s>").Render(Hello, variables: new JsonObject { ["bos_token"] = "x", ["n"] = 3 }));

    [Fact]
    public void Render_TemplateChangesMessages_CallerSeesNothing()
    {
        var messages = new JsonArray(Message("user", "a"));
        var template = ChatTemplate.Parse("{% set _ = messages.append({'role': 'x'}) %}{% set _ = messages[0].update(content='b') %}{{ messages[0].content }}{{ messages | length }}");

        Assert.Equal("b2", template.Render(messages));
        Assert.Equal("b2", template.Render(messages));
        Assert.Equal("""[{"role":"user","content":"a"}]""", messages.ToJsonString());
    }

    [Fact]
    public void Render_ListAndDictionaryMethods_ChangeInPlace()
        => Assert.Equal(
            "[1, 9, 2, 3, 4] [4, 3, 2, 9] 1 {'a': 1, 'b': 2, 'c': 3, 'd': 4} [] {}",
            ChatTemplate.Parse("""
                {%- set l = [1, 2] -%}{%- set _ = l.append(3) -%}{%- set _ = l.extend([4]) -%}{%- set _ = l.insert(1, 9) -%}{{ l }} {% set c = l.copy() -%}{%- set p = c.pop(0) -%}{%- set _ = c.reverse() -%}{{ c }} {{ p }} {% set d = {'a': 1} -%}
                {%- set _ = d.update({'b': 2}, c=3) -%}{%- set _ = d.setdefault('d', 4) -%}{%- set _ = d.setdefault('a', 5) -%}{{ d }} {% set e = d.copy() -%}{%- set _ = e.clear() -%}{%- set _ = c.clear() -%}{{ c }} {{ e }}
                """).Render(Hello));

    [Fact]
    public void Render_ManyThreads_ShareOneTemplate()
    {
        var template = ChatTemplate.Parse(TemplateData.Template("Qwen3-0.6B.jinja"));
        var expected = template.Render(Hello);

        var all = new string[64];
        Parallel.For(0, all.Length, i => all[i] = template.Render(Hello));
        Assert.All(all, text => Assert.Equal(expected, text));
    }

    [Fact]
    public void Render_TemplateRaises_SaysItsWordsAndLine()
    {
        var template = ChatTemplate.Parse("{{ bos_token }}\n{% if messages | length > 1 %}\n{{ raise_exception('Only one message') }}\n{% endif %}");

        var error = Assert.Throws<ChatTemplateException>(() => template.Render([Message("user", "a"), Message("user", "b")]));
        Assert.Equal(ChatTemplateError.Raised, error.Error);
        Assert.Equal("chat_template.raised", error.Code);
        Assert.Equal(3, error.Line);
        Assert.Equal("The model's chat template refuses this conversation: Only one message", error.Message);
    }

    [Theory]
    [InlineData("a\nb {{ 1 +\n }}", 3, ChatTemplateError.Syntax)]
    [InlineData("a\n\n{% if x %}", 3, ChatTemplateError.Syntax)]
    [InlineData("{# a\n\n #}\n{% include 'x' %}", 4, ChatTemplateError.Unsupported)]
    [InlineData("{{ 'a\nb' }}\n{{ ) }}", 3, ChatTemplateError.Syntax)]
    [InlineData("a\n{#\n", 2, ChatTemplateError.Syntax)]
    public void Parse_Malformed_SaysTheLine(string source, int line, ChatTemplateError expected)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source));
        Assert.Equal(expected, error.Error);
        Assert.Equal(line, error.Line);
        Assert.Contains($"line {line}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n{{ messages[0].nothing.more }}", 2, "a dict has no 'nothing'")]
    [InlineData("{% for m in messages %}\n{{ m.content + 1 }}\n{% endfor %}", 2, "'+' cannot join a str and a int")]
    [InlineData("{{ content }}\n\n{{ content.x }}", 3, "'content' is undefined")]
    [InlineData("{{ messages | nonsense }}", 1, "there is no filter 'nonsense'")]
    [InlineData("{{ 9223372036854775807 + 1 }}", 1, "does not fit 64 bits")]
    public void Render_Fails_SaysWhereAndWhy(string source, int line, string reason)
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source).Render(Hello));
        Assert.Equal(line, error.Line);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_HalfSurrogatePair_IsBadInput()
    {
        var messages = JsonNode.Parse("""[{"role": "user", "content": "\ud800"}]""")!.AsArray();

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("{{ messages[0].content }}").Render(messages));
        Assert.Equal(ChatTemplateError.BadInput, error.Error);
        Assert.Contains("messages", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_NameTwiceInAnObject_TakesTheLastOrRefuses()
    {
        var messages = JsonNode.Parse("""[{"role": "user", "role": "system"}]""")!.AsArray();

        try
        {
            Assert.Equal("system", ChatTemplate.Parse("{{ messages[0].role }}").Render(messages));
        }
        catch (ChatTemplateException error)
        {
            Assert.Equal(ChatTemplateError.BadInput, error.Error);
        }
    }

    [Fact]
    public void Render_TooDeepInput_IsBadInput()
    {
        JsonNode nested = new JsonArray();
        for (var i = 0; i < 100; i++)
        {
            nested = new JsonArray(nested);
        }

        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("x").Render(new JsonArray(nested)));
        Assert.Equal(ChatTemplateError.BadInput, error.Error);
    }

    [Fact]
    public void Render_LongConversation_IsQuickAndWithinLimits()
    {
        var messages = new JsonArray();
        for (var i = 0; i < 1000; i++)
        {
            messages.Add((JsonNode)Message(i % 2 == 0 ? "user" : "assistant", new string('x', 2000)));
        }

        foreach (var name in TemplateData.TemplateNames)
        {
            var text = ChatTemplate.Parse(TemplateData.Template(name), "<s>", "</s>").Render(messages);
            Assert.True(text.Length > 1_000_000, $"{name} wrote only {text.Length} characters.");
        }
    }

    [Theory]
    [InlineData("Qwen2.5-7B-Instruct.jinja", true)]
    [InlineData("headers-with-tools.jinja", true)]
    [InlineData("turns-without-system.jinja", false)]
    public void TakesSystemMessages_IsFoundOutByTrying(string name, bool expected)
        => Assert.Equal(expected, ChatTemplate.Parse(TemplateData.Template(name), "<s>", "</s>").TakesSystemMessages);

    [Fact]
    public void ForModel_NoTemplateButMarkers_IsChatMl()
    {
        var template = ChatTemplate.ForModel(null, new MarkerTokenizer("<s>", "</s>", "<|im_start|>", "<|im_end|>"), 1);

        Assert.Equal("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", template.Render(Hello));
        Assert.Equal("<|im_start|>user\nHello<|im_end|>\n", template.Render(Hello, addGenerationPrompt: false));
        Assert.True(template.TakesSystemMessages);
    }

    [Fact]
    public void ForModel_NoTemplateAndNoMarkers_SaysThatItCannotChat()
    {
        var error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.ForModel("", new MarkerTokenizer("<s>", "</s>", "<|im_start|>"), 1));

        Assert.Equal(ChatTemplateError.Missing, error.Error);
        Assert.Contains("completions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ForModel_OwnTemplate_KnowsTheTokens()
    {
        var tokenizer = new MarkerTokenizer("<s>", "</s>");

        Assert.Equal("<s></s>", ChatTemplate.ForModel("{{ bos_token }}{{ eos_token }}", tokenizer, 1).Render(Hello));
        Assert.Equal("<s>|", ChatTemplate.ForModel("{{ bos_token }}|{{ eos_token }}", tokenizer, null).Render(Hello));
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
