using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Skein.Gateway.Errors;
using Skein.Gateway.Requests;
using Skein.Gateway.Telemetry;

namespace Skein.Gateway.Hosting;

/// <summary>Answers every failure in OpenAI's shape, and names each request.</summary>
internal sealed class ApiErrorMiddleware(RequestDelegate next, GatewayMetrics metrics, ILogger<ApiErrorMiddleware> logger)
{
    // What proxies write for a client that left; nobody receives it.
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        var requestId = RequestId.Create("req_");
        context.Response.Headers["x-request-id"] = requestId;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";

        // What is no page may load nothing and stand in no frame; pages say what they need.
        context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null })
            {
                await WriteAsync(context, OfStatus(context));
            }
        }
        catch (Exception e) when (e is ClientGoneException || context.RequestAborted.IsCancellationRequested)
        {
            GatewayLog.ClientLeft(logger, requestId, Endpoint(context));
            context.Response.StatusCode = context.Response.HasStarted ? context.Response.StatusCode : ClientClosedRequest;
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var failure = Failures.From(e);
            metrics.Failed(failure);
            if (failure.Status == StatusCodes.Status500InternalServerError)
            {
                GatewayLog.RequestFailed(logger, requestId, Endpoint(context), e);
            }
            else
            {
                GatewayLog.RequestRefused(logger, requestId, Endpoint(context), failure.Status, failure.Error.Code);
            }

            await WriteAsync(context, failure);
        }
    }

    // The route, not the path: a path is the client's to choose.
    private static string Endpoint(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "no endpoint";

    private static ApiException OfStatus(HttpContext context)
    {
        var status = context.Response.StatusCode;
        var message = status switch
        {
            StatusCodes.Status404NotFound => $"There is nothing here for {context.Request.Method}. See /docs for what there is.",
            StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not allowed here. See /docs for what is.",
            StatusCodes.Status415UnsupportedMediaType => "The body must be sent as 'Content-Type: application/json'.",
            _ => $"The request was refused with status {status}.",
        };
        var code = status switch
        {
            StatusCodes.Status404NotFound => "not_found",
            StatusCodes.Status405MethodNotAllowed => "method_not_allowed",
            StatusCodes.Status415UnsupportedMediaType => "unsupported_media_type",
            _ => null,
        };
        return new ApiException(status, new ApiError(message, "invalid_request_error", null, code));
    }

    private static async Task WriteAsync(HttpContext context, ApiException failure)
    {
        var response = context.Response;
        response.StatusCode = failure.Status;
        if (failure.RetryAfter is { } retryAfter)
        {
            response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (failure.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(response.BodyWriter, GatewayJson.WriterOptions);
        JsonSerializer.Serialize(json, new ErrorResponse(failure.Error), GatewayJson.Default.ErrorResponse);
    }
}
