using System.Globalization;
using System.Text;

namespace Skein.Engine.Tests.Text;

/// <summary>A small recogniser of GBNF, so that grammars are judged without the engine: sets of end positions, by recursive descent.</summary>
public sealed class Gbnf
{
    private const int Unlimited = int.MaxValue;

    private readonly Dictionary<string, Node> _rules = new(StringComparer.Ordinal);
    private string _source = "";
    private int _at;

    private Gbnf()
    {
    }

    private abstract record Node;

    private sealed record Literal(string Text) : Node;

    private sealed record Chars(bool Negated, List<(int First, int Last)> Ranges) : Node;

    private sealed record Rule(string Name) : Node;

    private sealed record Sequence(List<Node> Items) : Node;

    private sealed record Choice(List<Node> Items) : Node;

    private sealed record Repeat(Node Item, int Min, int Max) : Node;

    public static Gbnf Parse(string grammar)
    {
        var result = new Gbnf { _source = grammar };
        while (true)
        {
            result.Space(lines: true);
            if (result._at == grammar.Length)
            {
                break;
            }

            var name = result.Name();
            result.Space(lines: false);
            result.Expect("::=");
            result.Space(lines: true);
            if (!result._rules.TryAdd(name, result.Alternatives(nested: false)))
            {
                throw new FormatException($"Rule {name} twice.");
            }
        }

        foreach (var rule in result._rules.Values)
        {
            result.CheckReferences(rule);
        }

        return result;
    }

    public bool Matches(string text) => Ends(_rules["root"], text, 0, 0).Contains(text.Length);

    private void CheckReferences(Node node)
    {
        switch (node)
        {
            case Rule rule when !_rules.ContainsKey(rule.Name):
                throw new FormatException($"Rule {rule.Name} is not defined.");
            case Sequence { Items: var items }:
                items.ForEach(CheckReferences);
                break;
            case Choice { Items: var items }:
                items.ForEach(CheckReferences);
                break;
            case Repeat { Item: var item }:
                CheckReferences(item);
                break;
        }
    }

    private HashSet<int> Ends(Node node, string text, int at, int depth)
    {
        Assert.True(depth < 2000, "The grammar is left-recursive or the text too deep for the test recogniser.");
        switch (node)
        {
            case Literal literal:
                return string.CompareOrdinal(text, at, literal.Text, 0, literal.Text.Length) == 0 ? [at + literal.Text.Length] : [];
            case Chars chars:
                if (at >= text.Length)
                {
                    return [];
                }

                var rune = Rune.TryGetRuneAt(text, at, out var found) ? found : new Rune('\uFFFD');
                return chars.Ranges.Exists(range => rune.Value >= range.First && rune.Value <= range.Last) != chars.Negated ? [at + rune.Utf16SequenceLength] : [];
            case Rule rule:
                return Ends(_rules[rule.Name], text, at, depth + 1);
            case Choice choice:
                return [.. choice.Items.SelectMany(item => Ends(item, text, at, depth + 1))];
            case Sequence sequence:
                HashSet<int> positions = [at];
                foreach (var item in sequence.Items)
                {
                    positions = [.. positions.SelectMany(position => Ends(item, text, position, depth + 1))];
                }

                return positions;
            case Repeat repeat:
                HashSet<int> reached = repeat.Min == 0 ? [at] : [];
                HashSet<int> frontier = [at];
                for (var count = 1; count <= repeat.Max && frontier.Count > 0; count++)
                {
                    frontier = [.. frontier.SelectMany(position => Ends(repeat.Item, text, position, depth + 1))];
                    if (count >= repeat.Min)
                    {
                        frontier.ExceptWith(reached);
                        reached.UnionWith(frontier);
                    }
                }

                return reached;
            default:
                throw new InvalidOperationException(node.ToString());
        }
    }

    private Node Alternatives(bool nested)
    {
        List<Node> choices = [Items(nested)];
        while (Peek('|'))
        {
            _at++;
            Space(lines: true);
            choices.Add(Items(nested));
        }

        return choices.Count == 1 ? choices[0] : new Choice(choices);
    }

    private Node Items(bool nested)
    {
        List<Node> items = [];
        while (_at < _source.Length && _source[_at] is not ('|' or ')' or '\n'))
        {
            Node item;
            switch (_source[_at])
            {
                case '"':
                    _at++;
                    var literal = new StringBuilder();
                    while (!Peek('"'))
                    {
                        literal.Append(Character());
                    }

                    _at++;
                    item = new Literal(literal.ToString());
                    break;
                case '[':
                    _at++;
                    var negated = Peek('^');
                    _at += negated ? 1 : 0;
                    List<(int, int)> ranges = [];
                    while (!Peek(']'))
                    {
                        var first = Character().Value;
                        var last = first;
                        if (Peek('-') && _source[_at + 1] != ']')
                        {
                            _at++;
                            last = Character().Value;
                        }

                        ranges.Add((first, last));
                    }

                    _at++;
                    item = new Chars(negated, ranges);
                    break;
                case '(':
                    _at++;
                    Space(lines: true);
                    item = Alternatives(nested: true);
                    Expect(")");
                    break;
                default:
                    item = new Rule(Name());
                    break;
            }

            if (Peek('*') || Peek('+') || Peek('?'))
            {
                item = _source[_at] switch { '*' => new Repeat(item, 0, Unlimited), '+' => new Repeat(item, 1, Unlimited), _ => new Repeat(item, 0, 1) };
                _at++;
            }
            else if (Peek('{'))
            {
                var end = _source.IndexOf('}', _at);
                var bounds = _source[(_at + 1)..end].Split(',');
                var min = int.Parse(bounds[0], CultureInfo.InvariantCulture);
                var max = bounds.Length == 1 ? min : bounds[1].Length == 0 ? Unlimited : int.Parse(bounds[1], CultureInfo.InvariantCulture);
                item = new Repeat(item, min, max);
                _at = end + 1;
            }

            items.Add(item);
            Space(lines: nested);
        }

        return new Sequence(items);
    }

    private Rune Character()
    {
        if (_source[_at] != '\\')
        {
            var rune = Rune.GetRuneAt(_source, _at);
            _at += rune.Utf16SequenceLength;
            return rune;
        }

        var escape = _source[_at + 1];
        _at += 2;
        var digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            var value = Convert.ToInt32(_source.Substring(_at, digits), 16);
            _at += digits;
            return new Rune(value);
        }

        return new Rune(escape switch { 'n' => '\n', 'r' => '\r', 't' => '\t', '"' or '\\' or '[' or ']' => escape, _ => throw new FormatException($"Escape \\{escape}.") });
    }

    private string Name()
    {
        var start = _at;
        while (_at < _source.Length && (char.IsAsciiLetterOrDigit(_source[_at]) || _source[_at] == '-'))
        {
            _at++;
        }

        return _at > start ? _source[start.._at] : throw new FormatException($"A name was expected at: {_source[_at..Math.Min(_at + 40, _source.Length)]}");
    }

    private void Space(bool lines)
    {
        while (_at < _source.Length && (_source[_at] is ' ' or '\t' || (lines && _source[_at] is '\n' or '\r')))
        {
            _at++;
        }
    }

    private bool Peek(char expected) => _at < _source.Length && _source[_at] == expected;

    private void Expect(string expected)
    {
        if (string.CompareOrdinal(_source, _at, expected, 0, expected.Length) != 0)
        {
            throw new FormatException($"Expected {expected} at: {_source[_at..Math.Min(_at + 40, _source.Length)]}");
        }

        _at += expected.Length;
    }
}
