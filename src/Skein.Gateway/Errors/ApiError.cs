using System.Text.Json.Serialization;

namespace Skein.Gateway.Errors;

/// <summary>What went wrong, in OpenAI's shape.</summary>
/// <param name="Message">What happened, to what, and what to do.</param>
/// <param name="Type">The kind: <c>invalid_request_error</c>, <c>server_error</c>, <c>rate_limit_error</c>.</param>
/// <param name="Param">The parameter at fault, with its path: <c>messages[2].content</c>; null if none is.</param>
/// <param name="Code">For programs: <c>context_length_exceeded</c>, <c>model_not_found</c>; null if there is nothing to tell apart.</param>
public sealed record ApiError(
    string Message,
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
