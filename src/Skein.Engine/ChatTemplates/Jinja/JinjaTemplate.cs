namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A template that was read: immutable, rendered any number of times, by any number of threads.</summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<JinjaStatement> _statements;

    private JinjaTemplate(IReadOnlyList<JinjaStatement> statements)
    {
        _statements = statements;
    }

    /// <summary>Reads a template.</summary>
    /// <exception cref="ChatTemplateException">It is not well-formed, too large, or uses what is not supported.</exception>
    public static JinjaTemplate Parse(string source)
    {
        if (source.Length > JinjaLimits.TemplateLength)
        {
            throw new ChatTemplateException(ChatTemplateError.LimitExceeded, $"The chat template has {source.Length:N0} characters; at most {JinjaLimits.TemplateLength:N0} are read.");
        }

        try
        {
            return new JinjaTemplate(JinjaParser.Parse(source));
        }
        catch (JinjaFault fault)
        {
            throw ToException(fault, fault.Line);
        }
    }

    /// <summary>Renders the template.</summary>
    /// <exception cref="ChatTemplateException">It refused, failed, or went over a limit.</exception>
    public string Render(TimeProvider time, IEnumerable<KeyValuePair<string, JinjaValue>> variables)
    {
        var interpreter = new JinjaInterpreter(time, variables);
        try
        {
            return interpreter.Run(_statements);
        }
        catch (JinjaFault fault)
        {
            throw ToException(fault, fault.Line ?? interpreter.Line);
        }
    }

    private static ChatTemplateException ToException(JinjaFault fault, int? line) => new(
        fault.Error,
        fault.Error switch
        {
            ChatTemplateError.Syntax => $"The chat template is malformed in line {line}: {fault.Message}.",
            ChatTemplateError.Raised => $"The model's chat template refuses this conversation: {fault.Message}",
            ChatTemplateError.LimitExceeded => $"The chat template was stopped in line {line}: {fault.Message}.",
            _ => $"The chat template failed in line {line}: {fault.Message}.",
        },
        line);
}
