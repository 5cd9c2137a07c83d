using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>Compares with what Python's Jinja2 made of the same templates; <c>Data/oracle.py</c> writes those results.</summary>
public sealed class ChatTemplateOracleTests
{
    private static readonly JsonObject Expressions = TemplateData.Read("expressions.json");

    private static readonly JsonObject Renders = TemplateData.Read("renders.json");

    public static TheoryData<int> ExpressionCases => [.. Enumerable.Range(0, Expressions["cases"]!.AsArray().Count)];

    public static TheoryData<int> RenderCases => [.. Enumerable.Range(0, Renders["cases"]!.AsArray().Count)];

    [Theory]
    [MemberData(nameof(ExpressionCases))]
    public void Render_Expression_AgreesWithJinja(int index)
    {
        var @case = Expressions["cases"]![index]!.AsObject();
        Check(@case, () => ChatTemplate.Parse((string)@case["template"]!, time: TemplateData.Clock).Render([], variables: Expressions["variables"]!.AsObject()));
    }

    [Theory]
    [MemberData(nameof(RenderCases))]
    public void Render_PublishedTemplate_AgreesWithJinja(int index)
    {
        var @case = Renders["cases"]![index]!.AsObject();
        Check(@case, () => ChatTemplate.Parse(TemplateData.Template((string)@case["template"]!), "<s>", "</s>", TemplateData.Clock).Render(
            Renders["conversations"]![(string)@case["conversation"]!]!.AsArray(),
            (bool)@case["tools"]! ? Renders["tools"]!.AsArray() : null,
            (bool)@case["add_generation_prompt"]!,
            @case["variables"]!.AsObject()));
    }

    private static void Check(JsonObject @case, Func<string> render)
    {
        if (@case["expected"] is { } expected)
        {
            Assert.Equal((string)expected!, render());
        }
        else if (@case["raises"] is { } raised)
        {
            var error = Assert.Throws<ChatTemplateException>(render);
            Assert.Equal(ChatTemplateError.Raised, error.Error);
            Assert.EndsWith((string)raised!, error.Message, StringComparison.Ordinal);
        }
        else
        {
            // Where Python fails in whatever way, so must we, with an error of our own that names a line.
            var error = Assert.Throws<ChatTemplateException>(render);
            Assert.Contains(error.Error, new[] { ChatTemplateError.Syntax, ChatTemplateError.Failed, ChatTemplateError.Unsupported });
            Assert.NotNull(error.Line);
        }
    }
}
