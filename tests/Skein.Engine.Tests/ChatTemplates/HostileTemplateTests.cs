using System.Text;
using System.Text.Json.Nodes;
using Skein.Engine.ChatTemplates;

namespace Skein.Engine.Tests.ChatTemplates;

/// <summary>Templates made to hang, to overflow the stack or to eat memory: each ends with one clear error.</summary>
public sealed class HostileTemplateTests
{
    private static readonly Dictionary<string, string> Templates = new(StringComparer.Ordinal)
    {
        { "endless loops", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}" },
        { "wide range", "{{ range(1000000000000) | length }}" },
        { "widest range", "{{ range(-9223372036854775807, 9223372036854775807, 1) | length }}" },
        { "doubling text", Repeated("{% set s = 'xxxxxxxxxxxxxxxx' %}", "{% set s = s + s %}", 60) },
        { "doubling text by concatenation", Repeated("{% set s = 'xxxxxxxxxxxxxxxx' %}", "{% set s = s ~ s %}", 60) },
        { "doubling list", Repeated("{% set s = [1] %}", "{% set s = s + s %}", 60) },
        { "doubling output", Repeated("{% set s = 'x' %}", "{% set s %}{{ s }}{{ s }}{% endset %}", 60) },
        { "long repetition", "{{ 'x' * 1000000000 }}" },
        { "longest repetition", "{{ 'xx' * 9223372036854775807 }}" },
        { "long list repetition", "{{ [1] * 1000000000 }}" },
        { "wide padding", "{{ 'x'.rjust(2000000000) }}" },
        { "wide filter", "{{ 'x' | center(2000000000) }}" },
        { "wide format", "{{ '%2000000000d' % 1 }}" },
        { "wide braces", "{{ '{:2000000000}'.format(1) }}" },
        { "wide indentation", "{{ 'a\\nb' | indent(2000000000) }}" },
        { "wide JSON", "{% set l = [[[[[[[[[[]]]]]]]]]] %}{% for i in range(100000) %}{{ l | tojson(indent=1000) }}{% endfor %}" },
        { "growing replace", "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(1000) %}{% set ns.s = ns.s.replace('x', 'xxxxxxxx') %}{% endfor %}" },
        { "growing join", "{% set ns = namespace(s='xx') %}{% for i in range(1000) %}{% set ns.s = ns.s.join(['a', 'b', 'c', 'd']) * 3 %}{% endfor %}" },
        { "growing escape", "{% set ns = namespace(s='&&&&') %}{% for i in range(1000) %}{% set ns.s = ns.s | e * 2 %}{% endfor %}" },
        { "quadratic search", "{% set h = 'a' * 4000000 %}{% set n = 'a' * 2000000 ~ 'b' %}{{ n in h }}{{ h.find(n) }}{{ h.count(n) }}{{ h.split(n) | length }}" },
        { "endless macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}" },
        { "endless pair of macros", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}" },
        { "endless default", "{% macro m(x=m()) %}{% endmacro %}{{ m() }}" },
        { "endless caller", "{% macro m() %}{{ caller() }}{% endmacro %}{% macro r() %}{% call m() %}{{ r() }}{% endcall %}{% endmacro %}{{ r() }}" },
        { "doubling macros", "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}" },
        { "list in itself, printed", "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}" },
        { "list in itself, as JSON", "{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}" },
        { "list in itself, compared", "{% set a = [] %}{% set _ = a.append(a) %}{% set b = [] %}{% set _ = b.append(b) %}{{ a == b }}" },
        { "list in itself, ordered", "{% set a = [] %}{% set _ = a.append(a) %}{% set b = [] %}{% set _ = b.append(b) %}{{ a < b }}" },
        { "dictionary in itself", "{% set d = {} %}{% set _ = d.update(d=d) %}{{ d }}" },
        { "list of shared lists, printed", Repeated("{% set l = [] %}", "{% set l = [l, l] %}", 60, "{{ l }}") },
        { "list of shared lists, as JSON", Repeated("{% set l = [] %}", "{% set l = [l, l] %}", 60, "{{ l | tojson }}") },
        { "list of shared lists, compared", Repeated("{% set a = [] %}{% set b = [] %}", "{% set a = [a, a] %}{% set b = [b, b] %}", 60, "{{ a == b }}") },
        { "list of shared lists, searched", Repeated("{% set a = [] %}{% set b = [] %}", "{% set a = [a, a] %}{% set b = [b, b] %}", 60, "{{ a in [b] }}") },
        { "deep brackets", new StringBuilder("{{ ").Insert(3, "[", 50_000).ToString() + "}}" },
        { "deep parentheses", "{{ " + new string('(', 100_000) + "1" + new string(')', 100_000) + " }}" },
        { "deep negation", "{{ " + new string('-', 100_000) + "1 }}" },
        { "deep not", "{{ " + string.Concat(Enumerable.Repeat("not ", 50_000)) + "1 }}" },
        { "deep conditions", "{{ " + string.Concat(Enumerable.Repeat("1 if 0 else ", 15_000)) + "1 }}" },
        { "deep statements", string.Concat(Enumerable.Repeat("{% if 1 %}", 20_000)) },
        { "deep targets", "{% for " + new string('(', 100_000) + "a" },
        { "deep subscripts", "{{ " + string.Concat(Enumerable.Repeat("a[", 50_000)) },
        { "long sum", "{{ 1" + string.Concat(Enumerable.Repeat("+1", 100_000)) + " }}" },
        { "long attribute chain", "{{ a" + string.Concat(Enumerable.Repeat(".a", 100_000)) + " }}" },
        { "long filter chain", "{{ 1" + string.Concat(Enumerable.Repeat("|e", 100_000)) + " }}" },
        { "too large", new string('x', 300_000) },
        { "many variables", "{% for i in range(2000000) %}{% set x = i %}{% endfor %}" },
        { "endless list", "{% set l = [] %}{% for i in range(1900000) %}{% set _ = l.append(i) %}{% endfor %}" },
        { "expensive sorts", "{% set l = range(100000) | list %}{% for i in range(1000) %}{% set _ = l | sort(reverse=true) %}{% endfor %}" },
        { "expensive copies", "{% set l = range(100000) | list %}{% for i in range(1000) %}{% set _ = l[1:] %}{% endfor %}" },
        { "expensive pops", "{% set l = range(900000) | list %}{% for i in range(900000) %}{% set _ = l.pop(0) %}{% endfor %}" },
        { "expensive numbers", "{% for i in range(100000) %}{{ 7 ** 9999999999 }}{% endfor %}" },
        { "colliding keys", "{% set d = {} %}{% for i in range(600000) %}{% set _ = d.update({4503599627370496 + i * 4294967297: 1}) %}{% endfor %}{{ d }}" },
        { "deep scopes", string.Concat(Enumerable.Repeat("{% with a = 1 %}", 140)) + "{% for i in range(1000000) %}{{ missing }}{% endfor %}" + string.Concat(Enumerable.Repeat("{% endwith %}", 140)) },
        { "expensive emoji", "{% set s = '\U0001F600' * 1000000 %}{% for i in range(1000000) %}{{ s | length }}{{ s[500000] }}{% endfor %}" },
        { "expensive upper", "{% set s = 'x' * 1000000 %}{% for i in range(100000) %}{% set _ = s.isalpha() %}{% endfor %}" },
    };

    public static TheoryData<string> Names => [.. Templates.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void ParseAndRender_HostileTemplate_EndsWithOneError(string what)
    {
        var source = Templates[what];

        // A thread with the stack of a pool thread: the deepest nesting that is let through has to fit there.
        ChatTemplateException? error = null;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var thread = new Thread(() => error = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source).Render([])), 1024 * 1024) { IsBackground = true };
        thread.Start();

        Assert.True(thread.Join(TimeSpan.FromSeconds(60)), $"{what}: still running after a minute.");
        Assert.NotNull(error);
        Assert.Contains(error.Error, new[] { ChatTemplateError.LimitExceeded, ChatTemplateError.Syntax, ChatTemplateError.Failed });
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 3L << 30, $"{what}: {allocated >> 20} MiB were allocated.");
    }

    [Fact]
    public void Render_DeepestAllowedNesting_Works()
    {
        var source = "{{ " + new string('(', 100) + "1" + new string(')', 100) + " }}" + string.Concat(Enumerable.Repeat("{% if 1 %}", 40)) + "x" + string.Concat(Enumerable.Repeat("{% endif %}", 40))
            + "{% macro m(n) %}{% if n > 0 %}{{ n }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}";

        var text = ChatTemplate.Parse(source).Render([]);
        Assert.StartsWith("1x5049", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_AfterALimit_TemplateIsStillUsable()
    {
        var template = ChatTemplate.Parse("{% for i in range(n) %}{% for j in range(n) %}{% endfor %}{% endfor %}done");

        Assert.Throws<ChatTemplateException>(() => template.Render([], variables: new JsonObject { ["n"] = 100_000 }));
        Assert.Equal("done", template.Render([], variables: new JsonObject { ["n"] = 10 }));
    }

    private static string Repeated(string first, string statement, int count, string last = "")
        => first + string.Concat(Enumerable.Repeat(statement, count)) + last;
}
