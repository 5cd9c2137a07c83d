namespace Skein.Engine.ChatTemplates.Jinja;

/// <summary>A failure below the level that knows the line; <see cref="JinjaTemplate"/> turns it into a <see cref="ChatTemplateException"/>.</summary>
internal sealed class JinjaFault(ChatTemplateError error, string message, int? line = null) : Exception(message)
{
    public ChatTemplateError Error { get; } = error;

    public int? Line { get; } = line;

    public static JinjaFault Failed(string message) => new(ChatTemplateError.Failed, message);

    public static JinjaFault Unsupported(string message) => new(ChatTemplateError.Unsupported, message);

    public static JinjaFault Limit(string message) => new(ChatTemplateError.LimitExceeded, message);
}
