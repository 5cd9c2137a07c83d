using System.Runtime.CompilerServices;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Walks over tokens, and knows how deep the text is nested. Not thread-safe.</summary>
internal abstract class JinjaTokenReader(List<JinjaToken> tokens)
{
    /// <summary>Place of the current token.</summary>
    protected int At { get; set; }

    /// <summary>How deep the grammar is nested at the moment.</summary>
    protected int Depth { get; set; }

    protected JinjaToken Current => tokens[At];

    protected JinjaToken Following => tokens[Math.Min(At + 1, tokens.Count - 1)];

    protected void Enter()
    {
        if (++Depth > JinjaLimits.ParseDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new JinjaFault(ChatTemplateError.LimitExceeded, $"it nests deeper than {JinjaLimits.ParseDepth} levels", Current.Line);
        }
    }

    protected bool SkipName(string name)
    {
        if (!Current.IsName(name))
        {
            return false;
        }

        At++;
        return true;
    }

    protected bool SkipOperator(string text)
    {
        if (!Current.IsOperator(text))
        {
            return false;
        }

        At++;
        return true;
    }

    protected void Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind)
        {
            throw Syntax($"{(kind == JinjaTokenKind.BlockEnd ? "the end of the statement" : "the end of the expression")} was expected, not {Current.Describe()}", Current.Line);
        }

        At++;
    }

    protected void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
        {
            throw Syntax($"'{text}' was expected, not {Current.Describe()}", Current.Line);
        }
    }

    protected void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Syntax($"'{name}' was expected, not {Current.Describe()}", Current.Line);
        }
    }

    protected string ExpectAnyName()
    {
        var token = Current;
        if (token.Kind != JinjaTokenKind.Name)
        {
            throw Syntax($"a name was expected, not {token.Describe()}", token.Line);
        }

        At++;
        return token.Text;
    }

    protected static JinjaFault Syntax(string message, int line) => new(ChatTemplateError.Syntax, message, line);
}
