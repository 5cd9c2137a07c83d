namespace Skein.Gateway.Errors;

/// <summary>A request is answered with an error: everything the client may know.</summary>
internal sealed class ApiException : Exception
{
    private const string InvalidRequest = "invalid_request_error";

    public ApiException(int status, ApiError error, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(error.Message, inner)
    {
        Status = status;
        Error = error;
        RetryAfter = retryAfter;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The body.</summary>
    public ApiError Error { get; }

    /// <summary>When the same request may succeed; null if it never will.</summary>
    public TimeSpan? RetryAfter { get; }

    public static ApiException Invalid(string message, string? param, string? code)
        => new(StatusCodes.Status400BadRequest, new ApiError(message, InvalidRequest, param, code));

    public static ApiException Missing(string param)
        => Invalid($"Missing required parameter: '{param}'.", param, "missing_required_parameter");

    public static ApiException WrongType(string param, string expected, string got)
        => Invalid($"Invalid type for '{param}': expected {expected}, but got {got} instead.", param, "invalid_type");

    public static ApiException WrongValue(string param, string problem)
        => Invalid($"Invalid value for '{param}': {problem}", param, "invalid_value");

    public static ApiException Unsupported(string param, string problem)
        => Invalid($"Unsupported value for '{param}': {problem}", param, "unsupported_value");

    public static ApiException NoChatTemplate(string model)
        => Invalid($"'{model}' has no chat template that can be used, so it can only complete text: use /v1/completions.", "model", "no_chat_template");

    public static ApiException ModelNotFound(string name)
        => new(StatusCodes.Status404NotFound, new ApiError($"The model '{name}' does not exist here. GET /v1/models lists those that do.", InvalidRequest, "model", "model_not_found"));

    public static ApiException ContextLengthExceeded(string param, int context, int promptTokens, int? replyTokens)
        => Invalid(
            replyTokens is { } reply
                ? $"This model's maximum context length is {context} tokens. However, you requested {(long)promptTokens + reply} tokens ({promptTokens} in the prompt, {reply} in the completion). Please reduce the length of the prompt or completion."
                : $"This model's maximum context length is {context} tokens, with at least one for the reply. However, your prompt has {promptTokens} tokens. Please reduce the length of the prompt.",
            param,
            "context_length_exceeded");

    public static ApiException TooManyRequests(TimeSpan retryAfter)
        => new(StatusCodes.Status429TooManyRequests, new ApiError("Too many requests are waiting here already. Try again in a moment.", "rate_limit_error", null, "rate_limit_exceeded"), retryAfter);

    public static ApiException TooManyPeers()
        => new(StatusCodes.Status503ServiceUnavailable, new ApiError("This gateway holds as many WebSockets of peers as it may. Try another peer, or come back later.", "server_error", null, "too_many_peers"));

    public static ApiException Unauthorized()
        => new(StatusCodes.Status401Unauthorized, new ApiError("No valid API key was sent. Send one in the header 'Authorization: Bearer <key>'.", InvalidRequest, null, "invalid_api_key"));
}
