namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>Variables of a template, a loop round, a macro call. What is set here is not seen outside.</summary>
internal sealed class JinjaScope(JinjaScope? parent)
{
    private Dictionary<string, JinjaValue>? _variables;

    /// <summary>How many scopes surround this one: looking a variable up costs so much at most.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    public bool TryGet(string name, out JinjaValue value)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._variables is not null && scope._variables.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    public void Set(string name, JinjaValue value) => (_variables ??= new Dictionary<string, JinjaValue>(StringComparer.Ordinal))[name] = value;

    private JinjaScope? Parent { get; } = parent;
}
