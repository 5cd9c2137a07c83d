namespace Skein.Gateway.Chat;

/// <summary>What is added to a reply.</summary>
/// <param name="Role">In the first part: <c>assistant</c>.</param>
/// <param name="Content">Text to append.</param>
public sealed record ChatDelta(string? Role = null, string? Content = null);
