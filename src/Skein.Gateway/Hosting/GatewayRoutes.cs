using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Skein.Gateway.Chat;
using Skein.Gateway.Completions;
using Skein.Gateway.Errors;
using Skein.Gateway.Health;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Hosting;

/// <summary>The gateway's routes.</summary>
public static class GatewayRoutes
{
    /// <summary>Maps the OpenAI API, health and pages. Call it on an application that <see cref="GatewayServices.AddSkeinGateway"/> was called on.</summary>
    public static WebApplication MapSkeinGateway(this WebApplication app)
    {
        app.UseMiddleware<ApiErrorMiddleware>();
        app.UseMiddleware<ApiKeyMiddleware>();

        app.MapPost("/v1/chat/completions", (HttpContext context, ChatEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<ChatCompletionRequest>("application/json")
            .Produces<ChatCompletion>(StatusCodes.Status200OK);
        app.MapPost("/v1/completions", (HttpContext context, CompletionEndpoint endpoint) => endpoint.HandleAsync(context))
            .Accepts<TextCompletionRequest>("application/json")
            .Produces<TextCompletion>(StatusCodes.Status200OK);
        app.MapGet("/v1/models", (ServedModels models) => TypedResults.Ok(new ModelList([.. models.All.Select(ModelObject.Of)])));
        app.MapGet("/v1/models/{**id}", (string id, ServedModels models) => models.TryGet(id, out var model) ? TypedResults.Ok(ModelObject.Of(model)) : throw ApiException.ModelNotFound(id));
        app.MapGet("/healthz", () => TypedResults.Ok(new HealthReport("ok")));
        app.MapGet("/readyz", Readiness);
        return app;
    }

    // Ready means useful: one model of many that waits for a node does not take the others away from a balancer.
    private static JsonHttpResult<ReadinessReport> Readiness(ServedModels models)
    {
        ModelReadiness[] all = [.. models.All.Select(ModelReadiness.Of)];
        var ready = all.Any(model => model.Ready);
        return TypedResults.Json(
            new ReadinessReport(ready ? "ready" : "not_ready", all),
            GatewayJson.Default.ReadinessReport,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
