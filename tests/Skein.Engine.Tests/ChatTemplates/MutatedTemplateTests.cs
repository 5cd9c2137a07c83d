using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Skein.Engine.ChatTemplates;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>Templates whose words were exchanged at random: whatever comes of it, only the template's own exception leaves.</summary>
public sealed partial class MutatedTemplateTests
{
    private static readonly JsonObject Expressions = TemplateData.Read("expressions.json");

    [Fact]
    public void ParseAndRender_MutatedExpressions_FailOnlyByTheirOwnException()
    {
        var chance = new Random(1);
        var sources = Expressions["cases"]!.AsArray().Select(@case => (string)@case!["template"]!).ToArray();
        var pieces = sources.Select(source => Pieces().Matches(source).Select(match => match.Value).ToArray()).Where(words => words.Length > 3).ToArray();
        var (rendered, refused) = (0, 0);
        for (var round = 0; round < 6000; round++)
        {
            var words = pieces[chance.Next(pieces.Length)].ToArray();
            for (var changes = chance.Next(1, 5); changes > 0; changes--)
            {
                var donor = pieces[chance.Next(pieces.Length)];
                words[chance.Next(words.Length)] = chance.Next(6) == 0 ? "" : donor[chance.Next(donor.Length)];
            }

            var source = string.Concat(words);
            try
            {
                ChatTemplate.Parse(source, "<s>", "</s>", TemplateData.Clock).Render([], variables: Expressions["variables"]!.AsObject());
                rendered++;
            }
            catch (ChatTemplateException)
            {
                refused++;
            }
            catch (Exception defect)
            {
                Assert.Fail($"{defect.GetType().Name}: {defect.Message}\n{source}\n{defect.StackTrace}");
            }
        }

        Assert.True(rendered > 100 && refused > 100, $"{rendered} rendered, {refused} refused: the mutations are too tame or too wild.");
    }

    [Theory]
    [InlineData("abs")]
    [InlineData("filters")]
    [InlineData("methods")]
    [InlineData("tests")]
    public void Render_EveryOperationOnEveryValue_FailsOnlyByItsOwnException(string kind)
    {
        string[] values = ["undef", "none", "true", "0", "-9223372036854775807 - 1", "9223372036854775807", "1.5", "1e308", "-0.0", "''", "'a😀b'", "'%d %('", "'{:>3}{'", "[]", "[1, 'a', none]", "(1, 2)", "{}", "{'a': 1}", "[{'a': 'x'}, {'a': 'y'}]", "namespace()", "range", "cycler('a')", "'\\ud800'"];
        string[] names = kind switch
        {
            "abs" => ["-x", "+x", "not x", "x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "x ** y", "x ~ y", "x < y", "x == y", "x in y", "x and y", "x if y", "x[y]", "x[y:]", "x[:y]", "x[::y]", "x[y:y:y]", "x(y)", "x(*y)", "x(**y)", "[x, y]", "{x: y}", "(x, y)", "x.a", "x.a.b", "range(x, y)", "range(x, y, y)", "dict(x)", "dict(x, a=y)", "joiner(x)()", "raise_exception(x)", "strftime_now(x)", "namespace(x)"],
            "filters" => [.. "abs attr batch capitalize center count d default dictsort e first float format groupby indent int items join last length list lower map max min reject rejectattr replace reverse round safe select selectattr slice sort string sum title tojson trim truncate unique upper wordcount".Split(' ').SelectMany(name => new[] { $"x | {name}", $"x | {name}(y)", $"x | {name}(y, y)", $"x | {name}(y, y, y)" })],
            "methods" => [.. "strip lstrip rstrip upper title isdigit islower startswith endswith removeprefix find rfind index count replace split rsplit splitlines partition rpartition join format ljust center zfill append extend insert pop reverse clear copy get items keys values setdefault update".Split(' ').SelectMany(name => new[] { $"x.{name}()", $"x.{name}(y)", $"x.{name}(y, y)", $"x.{name}(y, y, y)" })],
            _ => [.. "defined none boolean integer float number string mapping sequence iterable callable odd even lower upper divisibleby sameas filter test eq ne lt le gt ge in".Split(' ').SelectMany(name => new[] { $"x is {name}", $"x is {name}(y)", $"x is {name} y" })],
        };
        var rendered = 0;
        foreach (var expression in names)
        {
            foreach (var x in values)
            {
                foreach (var y in values)
                {
                    var source = $"{{% set x = {x} %}}{{% set y = {y} %}}{{{{ {expression} }}}}";
                    try
                    {
                        ChatTemplate.Parse(source, time: TemplateData.Clock).Render([]);
                        rendered++;
                    }
                    catch (ChatTemplateException)
                    {
                        // Most combinations make no sense, and say so.
                    }
                    catch (Exception defect)
                    {
                        Assert.Fail($"{defect.GetType().Name}: {defect.Message}\n{source}\n{defect.StackTrace}");
                    }
                }
            }
        }

        Assert.True(rendered > 100, $"Only {rendered} combinations rendered.");
    }

    [GeneratedRegex(@"\{[{%#][-+]?|[-+]?[}%#]\}|\w+|'[^']*'|\s+|.", RegexOptions.Singleline)]
    private static partial Regex Pieces();
}
