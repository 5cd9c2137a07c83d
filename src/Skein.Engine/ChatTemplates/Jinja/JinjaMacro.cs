namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A macro: a function whose value is the text that its body writes.</summary>
internal sealed class JinjaMacro(JinjaMacroDefinition definition, JinjaScope scope) : JinjaCallable
{
    public override string TypeName => "macro";

    public override bool TryGetAttribute(string name, out JinjaValue value)
    {
        value = name switch
        {
            "name" => JinjaValue.From(definition.Name),
            "arguments" => JinjaValue.FromTuple([.. definition.Parameters.Select(parameter => JinjaValue.From(parameter.Name))]),
            _ => default,
        };
        return !value.IsUndefined;
    }

    public override JinjaValue Call(JinjaInterpreter interpreter, JinjaArguments arguments)
    {
        // The body sees what surrounds its definition, not its call.
        var inner = new JinjaScope(scope);
        var parameters = definition.Parameters;
        var named = arguments.Named.ToDictionary(argument => argument.Key, argument => argument.Value, StringComparer.Ordinal);
        if (definition.TakesCaller)
        {
            inner.Set("caller", named.Remove("caller", out var caller) ? caller : JinjaValue.Undefined("'caller' is undefined: the macro was not called by a call block"));
        }

        if (arguments.Positional.Count > parameters.Count && !definition.TakesMore)
        {
            throw JinjaFault.Failed($"{definition.Name}() takes at most {parameters.Count} arguments, {arguments.Positional.Count} were given");
        }

        for (var i = 0; i < parameters.Count; i++)
        {
            var parameter = parameters[i];
            if (i < arguments.Positional.Count)
            {
                inner.Set(parameter.Name, arguments.Positional[i]);
                if (named.ContainsKey(parameter.Name))
                {
                    throw JinjaFault.Failed($"{definition.Name}() was given '{parameter.Name}' twice");
                }
            }
            else if (named.Remove(parameter.Name, out var value))
            {
                inner.Set(parameter.Name, value);
            }
            else
            {
                inner.Set(parameter.Name, parameter.Default is null ? JinjaValue.Undefined($"the parameter '{parameter.Name}' was not given") : interpreter.Evaluate(parameter.Default, inner));
            }
        }

        if (definition.TakesMoreNamed)
        {
            var rest = new JinjaDictionary();
            foreach (var (name, value) in named)
            {
                rest.Set(name, value);
            }

            inner.Set("kwargs", JinjaValue.From(rest));
        }
        else if (named.Count > 0)
        {
            throw JinjaFault.Failed($"{definition.Name}() has no parameter '{named.Keys.First()}'");
        }

        if (definition.TakesMore)
        {
            inner.Set("varargs", JinjaValue.FromTuple([.. arguments.Positional.Skip(parameters.Count)]));
        }

        return JinjaValue.From(interpreter.Capture(definition.Body, inner, out _));
    }
}
