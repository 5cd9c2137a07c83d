using System.Net;
using Skein.Core.Errors;

namespace Skein.Cli.Chat;

/// <summary>The gateway refused a request or a reply broke off.</summary>
internal sealed class ChatException(string message, HttpStatusCode? status = null, string? reason = null) : SkeinException("chat.failed", message)
{
    /// <summary>The gateway's <c>code</c>, if it named one.</summary>
    public string? Reason { get; } = reason;

    /// <summary>The HTTP status, if it came to one.</summary>
    public HttpStatusCode? Status { get; } = status;
}
