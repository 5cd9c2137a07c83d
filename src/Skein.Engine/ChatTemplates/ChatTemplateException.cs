using Skein.Core.Errors;

namespace Skein.Engine.ChatTemplates;

/// <summary>A chat template could not be read or rendered.</summary>
/// <remarks>For <see cref="ChatTemplateError.Raised"/> and <see cref="ChatTemplateError.Failed"/> the message holds words of the template, which may quote the conversation: it belongs in the reply to the request, never in a log.</remarks>
public sealed class ChatTemplateException : SkeinException
{
    /// <summary>Creates the failure.</summary>
    public ChatTemplateException(ChatTemplateError error, string message, int? line = null, Exception? inner = null)
        : base(ErrorCodes.From("chat_template", error), message, inner)
    {
        Error = error;
        Line = line;
    }

    /// <summary>Why.</summary>
    public ChatTemplateError Error { get; }

    /// <summary>Line of the template, from 1; null where none is to blame.</summary>
    public int? Line { get; }
}
