using System.Net;
using Skein.Core.Errors;

namespace Skein.Cli.Chat;

/// <summary>The gateway refused a request or a reply broke off.</summary>
internal sealed class ChatException(string message, HttpStatusCode? status = null) : SkeinException("chat.failed", message)
{
    /// <summary>The HTTP status, if it came to one.</summary>
    public HttpStatusCode? Status { get; } = status;
}
