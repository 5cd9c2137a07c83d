using System.Text.RegularExpressions;
using Skein.Core.Errors;
using Skein.Core.Stages;
using Skein.Engine.ChatTemplates;
using Skein.Swarm.Errors;

namespace Skein.Gateway.Errors;

/// <summary>Turns whatever a request failed with into what its client may know.</summary>
internal static partial class Failures
{
    // How soon a client that was told "no room" should come back: about one reply of a small model.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    /// <summary>Names a failure. What nobody expected says nothing of its cause: the log does.</summary>
    public static ApiException From(Exception failure) => failure switch
    {
        ApiException api => api,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new ApiException(StatusCodes.Status413PayloadTooLarge, new ApiError("The request body is too large.", "invalid_request_error", null, "request_too_large"), inner: failure),
        BadHttpRequestException bad =>
            new ApiException(bad.StatusCode, new ApiError("The request could not be read: " + bad.Message, "invalid_request_error", null, null), inner: failure),
        StageException { Error: StageError.KvBudgetExhausted or StageError.TooManySequences or StageError.Busy } stage => Unavailable(stage, RetryDelay),
        SwarmException { Error: SwarmError.ContextTooLong } tooLong => ApiException.Invalid(tooLong.Message, null, "context_length_exceeded"),
        SwarmException { IsTransient: true } swarm => Unavailable(swarm, swarm.RetryAfter ?? RetryDelay),

        // The template is the model's; whether it takes a conversation depends on the conversation.
        ChatTemplateException template => ApiException.Invalid(template.Message, "messages", template.Code),
        SkeinException skein => ServerError(skein),
        ArgumentException argument when argument.GetType() == typeof(ArgumentException) => ApiException.Invalid(WithoutParameter(argument.Message), null, "invalid_request"),
        _ => new ApiException(StatusCodes.Status500InternalServerError, new ApiError("The server had an error while processing your request.", "server_error", null, "internal_error"), inner: failure),
    };

    private static ApiException Unavailable(SkeinException failure, TimeSpan retryAfter)
        => new(StatusCodes.Status503ServiceUnavailable, new ApiError(failure.Message, "server_error", null, failure.Code), retryAfter, failure);

    private static ApiException ServerError(SkeinException failure)
        => new(StatusCodes.Status500InternalServerError, new ApiError(failure.Message, "server_error", null, failure.Code), inner: failure);

    // ArgumentException adds the name of a parameter of ours, which means nothing to a client.
    private static string WithoutParameter(string message) => ParameterSuffix().Replace(message, string.Empty);

    [GeneratedRegex(@" \(Parameter '[^']*'\)$")]
    private static partial Regex ParameterSuffix();
}
