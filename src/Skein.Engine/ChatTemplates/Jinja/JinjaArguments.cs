namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>The arguments of one call.</summary>
internal sealed class JinjaArguments(IReadOnlyList<JinjaValue> positional, IReadOnlyList<KeyValuePair<string, JinjaValue>> named)
{
    public static JinjaArguments None { get; } = new([], []);

    public IReadOnlyList<JinjaValue> Positional { get; } = positional;

    public IReadOnlyList<KeyValuePair<string, JinjaValue>> Named { get; } = named;

    /// <summary>The same without the first positional ones.</summary>
    public JinjaArguments Skip(int count) => new([.. Positional.Skip(count)], Named);

    /// <summary>Matches the arguments with parameter names.</summary>
    /// <param name="function">For messages.</param>
    /// <param name="required">How many of the parameters must be given.</param>
    /// <param name="parameters">Names in order.</param>
    /// <returns>One a parameter; null where it was not given.</returns>
    public JinjaValue?[] Bind(string function, int required, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
        {
            throw JinjaFault.Failed($"{function}() takes at most {parameters.Length} arguments, {Positional.Count} were given");
        }

        var bound = new JinjaValue?[parameters.Length];
        for (var i = 0; i < Positional.Count; i++)
        {
            bound[i] = Positional[i];
        }

        foreach (var (name, value) in Named)
        {
            var index = parameters.IndexOf(name);
            if (index < 0 || bound[index] is not null)
            {
                throw JinjaFault.Failed(index < 0 ? $"{function}() has no parameter '{name}'" : $"{function}() was given '{name}' twice");
            }

            bound[index] = value;
        }

        for (var i = 0; i < required; i++)
        {
            if (bound[i] is null)
            {
                throw JinjaFault.Failed($"{function}() needs the argument '{parameters[i]}'");
            }
        }

        return bound;
    }

    /// <summary>Refuses any argument.</summary>
    public void RequireNone(string function) => Bind(function, 0);
}
