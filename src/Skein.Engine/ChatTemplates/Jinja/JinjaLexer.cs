using System.Globalization;
using System.Text;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Cuts a template into tokens with Jinja's whitespace rules, set as the transformers library sets them: <c>trim_blocks</c> and <c>lstrip_blocks</c>.</summary>
/// <remarks>
/// The first line break after a statement or comment is dropped, and so is the indentation before one that begins its line.
/// <c>-</c> in a tag drops all white space on its side, <c>+</c> none. One line break at the end of the template is dropped.
/// See <see href="https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control">Jinja's description</see>.
/// </remarks>
internal sealed class JinjaLexer
{
    private static readonly string[] Operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ","];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _at;
    private int _line = 1;
    private int _lineCountedTo;

    private JinjaLexer(string source)
    {
        _source = source;
    }

    private int Line
    {
        get
        {
            _line += _source.AsSpan(_lineCountedTo, _at - _lineCountedTo).Count('\n');
            _lineCountedTo = _at;
            return _line;
        }
    }

    /// <summary>Reads the whole template.</summary>
    /// <returns>The tokens; the last is <see cref="JinjaTokenKind.End"/>.</returns>
    public static List<JinjaToken> Read(string template)
    {
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new JinjaLexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadRoot();
        lexer.Add(JinjaTokenKind.End);
        return lexer._tokens;
    }

    private void ReadRoot()
    {
        var atLineStart = true;
        while (_at < _source.Length)
        {
            var tag = FindTag(_at);
            if (tag < 0)
            {
                AddData(_source[_at..]);
                _at = _source.Length;
                return;
            }

            var kind = _source[tag + 1];
            var sign = SignAt(tag + 2);
            AddData(BeforeTag(_source.AsSpan(_at, tag - _at), sign, isVariable: kind == '{', atLineStart));
            _at = tag;
            var opening = Line;
            _at = tag + 2 + (sign == '\0' ? 0 : 1);
            if (kind == '#')
            {
                ReadComment(opening);
            }
            else if (kind == '%' && TryReadRawBegin(out var raw))
            {
                _at = raw;
                ReadRaw(opening, atLineStart: _source[raw - 1] == '\n');
            }
            else
            {
                _tokens.Add(new JinjaToken(kind == '%' ? JinjaTokenKind.BlockBegin : JinjaTokenKind.VariableBegin, opening, string.Empty));
                ReadExpression(isBlock: kind == '%');
            }

            atLineStart = _source[_at - 1] == '\n';
        }
    }

    /// <summary>Position of the next <c>{{</c>, <c>{%</c> or <c>{#</c>, or -1.</summary>
    private int FindTag(int from)
    {
        for (var at = from; ; at++)
        {
            at = _source.IndexOf('{', at);
            if (at < 0 || at + 1 >= _source.Length)
            {
                return -1;
            }

            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }
    }

    private char SignAt(int at) => at < _source.Length && _source[at] is '-' or '+' ? _source[at] : '\0';

    /// <summary>Text before a tag, without what the tag takes away.</summary>
    private static string BeforeTag(ReadOnlySpan<char> text, char sign, bool isVariable, bool atLineStart)
    {
        if (sign == '-')
        {
            return PythonText.TrimEnd(text).ToString();
        }

        if (sign == '\0' && !isVariable)
        {
            var lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || atLineStart) && PythonText.IsWhiteSpace(text[lineStart..]))
            {
                return text[..lineStart].ToString();
            }
        }

        return text.ToString();
    }

    private void ReadComment(int opening)
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Syntax("the comment has no end", opening);
        }

        var sign = end > _at ? SignAt(end - 1) : '\0';
        _at = end + 2;
        AfterTag(sign, trimsLine: true);
    }

    /// <summary>Skips what a closing tag takes away after itself.</summary>
    private void AfterTag(char sign, bool trimsLine)
    {
        if (sign == '-')
        {
            SkipWhiteSpace();
        }
        else if (sign == '\0' && trimsLine && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }
    }

    private bool TryReadRawBegin(out int end)
    {
        end = _at;
        SkipWhiteSpace(ref end);
        if (!Matches(end, "raw"))
        {
            return false;
        }

        end += 3;
        SkipWhiteSpace(ref end);
        if (Matches(end, "-%}"))
        {
            end += 3;
            SkipWhiteSpace(ref end);
            return true;
        }

        if (!Matches(end, "%}"))
        {
            return false;
        }

        end += 2;
        return true;
    }

    private void ReadRaw(int opening, bool atLineStart)
    {
        for (var at = _at; ; at += 2)
        {
            at = _source.IndexOf("{%", at, StringComparison.Ordinal);
            if (at < 0)
            {
                throw Syntax("the raw block has no end", opening);
            }

            var sign = SignAt(at + 2);
            var word = at + 2 + (sign == '\0' ? 0 : 1);
            SkipWhiteSpace(ref word);
            if (!Matches(word, "endraw"))
            {
                continue;
            }

            var end = word + 6;
            SkipWhiteSpace(ref end);
            var closing = SignAt(end);
            end += closing == '\0' ? 0 : 1;
            if (Matches(end, "%}"))
            {
                AddData(BeforeTag(_source.AsSpan(_at, at - _at), sign, isVariable: false, atLineStart));
                _at = end + 2;
                AfterTag(closing, trimsLine: true);
                return;
            }
        }
    }

    private void ReadExpression(bool isBlock)
    {
        var ending = isBlock ? "%}" : "}}";
        var brackets = new Stack<char>();
        while (true)
        {
            SkipWhiteSpace();
            if (_at >= _source.Length)
            {
                throw Syntax(isBlock ? "the statement has no end" : "the expression has no end", Line);
            }

            if (brackets.Count == 0 && TryReadEnd(ending, isBlock))
            {
                return;
            }

            var next = _source[_at];
            if (char.IsAsciiDigit(next))
            {
                ReadNumber();
            }
            else if (next is '"' or '\'')
            {
                ReadText(next);
            }
            else if (next == '_' || char.IsLetter(next))
            {
                var start = _at;
                while (_at < _source.Length && (_source[_at] == '_' || char.IsLetterOrDigit(_source[_at])))
                {
                    _at++;
                }

                Add(JinjaTokenKind.Name, _source[start.._at]);
            }
            else
            {
                ReadOperator(brackets);
            }
        }
    }

    private bool TryReadEnd(string ending, bool isBlock)
    {
        var sign = SignAt(_at);
        if (sign == '+' && !isBlock)
        {
            return false;
        }

        var end = _at + (sign == '\0' ? 0 : 1);
        if (!Matches(end, ending))
        {
            return false;
        }

        Add(isBlock ? JinjaTokenKind.BlockEnd : JinjaTokenKind.VariableEnd);
        _at = end + 2;
        AfterTag(sign, trimsLine: isBlock);
        return true;
    }

    private void ReadOperator(Stack<char> brackets)
    {
        var found = Array.Find(Operators, candidate => Matches(_at, candidate))
            ?? throw Syntax($"unexpected character '{Rune.GetRuneAt(_source, _at)}'", Line);
        switch (found)
        {
            case "(":
                brackets.Push(')');
                break;
            case "[":
                brackets.Push(']');
                break;
            case "{":
                brackets.Push('}');
                break;
            case ")" or "]" or "}":
                if (brackets.Count == 0 || brackets.Pop() != found[0])
                {
                    throw Syntax($"'{found}' closes nothing", Line);
                }

                break;
        }

        Add(JinjaTokenKind.Operator, found);
        _at += found.Length;
    }

    private void ReadNumber()
    {
        var start = _at;
        if (_source[_at] == '0' && _at + 1 < _source.Length && char.ToLowerInvariant(_source[_at + 1]) is 'x' or 'o' or 'b')
        {
            var radix = char.ToLowerInvariant(_source[_at + 1]) switch { 'x' => 16, 'o' => 8, _ => 2 };
            _at += 2;
            long value = 0;
            while (_at < _source.Length && (_source[_at] == '_' || (char.IsAsciiHexDigit(_source[_at]) && Convert.ToInt32(_source[_at].ToString(), 16) < radix)))
            {
                if (_source[_at] != '_')
                {
                    if (value > (long.MaxValue >> 4))
                    {
                        throw Syntax("the number is too large", Line);
                    }

                    value = (value * radix) + Convert.ToInt32(_source[_at].ToString(), 16);
                }

                _at++;
            }

            AddNumber(JinjaTokenKind.Integer, start, JinjaValue.From(value));
            return;
        }

        SkipDigits();
        var isFloat = false;

        // After a dot only a whole number may stand: "row.0.1" are two look-ups.
        if (start == 0 || _source[start - 1] != '.')
        {
            if (_at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
            {
                isFloat = true;
                _at++;
                SkipDigits();
            }

            var exponent = _at + 1 < _source.Length && _source[_at] is 'e' or 'E' ? _at + 1 : _source.Length;
            exponent += exponent < _source.Length && _source[exponent] is '+' or '-' ? 1 : 0;
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                isFloat = true;
                _at = exponent;
                SkipDigits();
            }
        }

        var digits = _source[start.._at].Replace("_", string.Empty, StringComparison.Ordinal);
        if (isFloat)
        {
            AddNumber(JinjaTokenKind.Float, start, JinjaValue.From(double.Parse(digits, CultureInfo.InvariantCulture)));
        }
        else
        {
            AddNumber(JinjaTokenKind.Integer, start, long.TryParse(digits, CultureInfo.InvariantCulture, out var value) ? JinjaValue.From(value) : throw Syntax("the number is too large", Line));
        }
    }

    private void AddNumber(JinjaTokenKind kind, int start, JinjaValue value) => _tokens.Add(new JinjaToken(kind, Line, _source[start.._at], value));

    private void SkipDigits()
    {
        while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || (_source[_at] == '_' && _at + 1 < _source.Length && char.IsAsciiDigit(_source[_at + 1]))))
        {
            _at++;
        }
    }

    private void ReadText(char quote)
    {
        var opening = Line;
        var text = new StringBuilder();
        for (_at++; _at < _source.Length; _at++)
        {
            var next = _source[_at];
            if (next == quote)
            {
                _at++;
                _tokens.Add(new JinjaToken(JinjaTokenKind.Text, opening, text.ToString()));
                return;
            }

            if (next != '\\')
            {
                text.Append(next);
            }
            else if (++_at < _source.Length)
            {
                ReadEscape(text);
            }
        }

        throw Syntax("the string has no end", opening);
    }

    /// <summary>Reads one escape as Python does; <c>_at</c> ends on its last character.</summary>
    private void ReadEscape(StringBuilder text)
    {
        var escape = _source[_at];
        switch (escape)
        {
            case '\n':
                break;
            case '\\' or '\'' or '"':
                text.Append(escape);
                break;
            case 'a':
                text.Append('\a');
                break;
            case 'b':
                text.Append('\b');
                break;
            case 'f':
                text.Append('\f');
                break;
            case 'n':
                text.Append('\n');
                break;
            case 'r':
                text.Append('\r');
                break;
            case 't':
                text.Append('\t');
                break;
            case 'v':
                text.Append('\v');
                break;
            case 'x' or 'u' or 'U':
                var digits = escape switch { 'x' => 2, 'u' => 4, _ => 8 };
                if (_at + digits >= _source.Length
                    || !int.TryParse(_source.AsSpan(_at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
                    || code is < 0 or > 0x10FFFF)
                {
                    throw Syntax($"the escape \\{escape} needs {digits} hexadecimal digits of a character", Line);
                }

                // A surrogate stays half a pair, as in Python; two escapes may make a whole one.
                text.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                _at += digits;
                break;
            case >= '0' and <= '7':
                var value = 0;
                var end = Math.Min(_at + 3, _source.Length);
                for (; _at < end && _source[_at] is >= '0' and <= '7'; _at++)
                {
                    value = (value * 8) + (_source[_at] - '0');
                }

                _at--;
                text.Append((char)value);
                break;
            case 'N':
                throw new JinjaFault(ChatTemplateError.Unsupported, "characters by name (\\N) are not supported", Line);
            default:
                text.Append('\\').Append(escape);
                break;
        }
    }

    private void SkipWhiteSpace() => SkipWhiteSpace(ref _at);

    private void SkipWhiteSpace(ref int at)
    {
        while (at < _source.Length && PythonText.IsWhiteSpace(_source[at]))
        {
            at++;
        }
    }

    private bool Matches(int at, string text) => string.CompareOrdinal(_source, at, text, 0, text.Length) == 0;

    private void Add(JinjaTokenKind kind, string text = "") => _tokens.Add(new JinjaToken(kind, Line, text));

    private void AddData(string text)
    {
        if (text.Length > 0)
        {
            Add(JinjaTokenKind.Data, text);
        }
    }

    private static JinjaFault Syntax(string message, int line) => new(ChatTemplateError.Syntax, message, line);
}
