using System.Runtime.CompilerServices;

namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Counts what one rendering costs against <see cref="JinjaLimits"/>. Everything is paid before it is done.</summary>
internal sealed class JinjaBudget
{
    private long _steps = JinjaLimits.Steps;
    private long _text = JinjaLimits.Text;
    private long _items = JinjaLimits.Items;
    private int _depth;

    /// <summary>Pays for a number of small operations.</summary>
    public void Step(long count = 1)
    {
        _steps -= count;
        if (_steps < 0 || count < 0)
        {
            throw JinjaFault.Limit($"it takes more than {JinjaLimits.Steps:N0} steps");
        }
    }

    /// <summary>Pays for making text of so many UTF-16 units.</summary>
    public void Text(long length)
    {
        _text -= length;
        if (_text < 0 || length < 0)
        {
            throw JinjaFault.Limit($"it makes more than {JinjaLimits.Text:N0} characters of text");
        }

        Step(length / JinjaLimits.TextPerStep);
    }

    /// <summary>Pays for looking through text.</summary>
    public void Scan(long length) => Step(1 + (length / JinjaLimits.TextPerStep));

    /// <summary>Pays for searching text, also where every position nearly matches.</summary>
    public void Search(long length, long needle) => Step(1 + (length / JinjaLimits.TextPerStep * (1 + (needle / 8))));

    /// <summary>Pays for entries of a list or dictionary.</summary>
    public void Items(long count)
    {
        _items -= count;
        if (_items < 0 || count < 0)
        {
            throw JinjaFault.Limit($"it makes more than {JinjaLimits.Items:N0} list entries");
        }

        Step(count);
    }

    /// <summary>Goes one level deeper; to be followed by <see cref="Leave"/>. A fault ends the rendering, so nobody needs to leave after one.</summary>
    public void Enter()
    {
        Step();
        if (++_depth > JinjaLimits.EvaluationDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw JinjaFault.Limit($"it nests deeper than {JinjaLimits.EvaluationDepth} levels");
        }
    }

    /// <summary>Comes back one level.</summary>
    public void Leave() => _depth--;
}
