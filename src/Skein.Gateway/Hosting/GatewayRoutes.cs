using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Skein.Gateway.Chat;
using Skein.Gateway.Completions;
using Skein.Gateway.Documentation;
using Skein.Gateway.Errors;
using Skein.Gateway.Health;
using Skein.Gateway.OnePort;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Hosting;

/// <summary>The gateway's routes.</summary>
public static class GatewayRoutes
{
    private const string Json = "application/json";
    private const string Streams = "With \"stream\": true, events that each carry the next part of a reply; the last one is [DONE]. A stream that breaks off ends with an event that holds an error instead.";

    private static readonly int[] ReplyErrors =
    [
        StatusCodes.Status400BadRequest,
        StatusCodes.Status404NotFound,
        StatusCodes.Status408RequestTimeout,
        StatusCodes.Status413PayloadTooLarge,
        StatusCodes.Status415UnsupportedMediaType,
        StatusCodes.Status429TooManyRequests,
        StatusCodes.Status500InternalServerError,
        StatusCodes.Status503ServiceUnavailable,
        StatusCodes.Status504GatewayTimeout,
    ];

    /// <summary>Maps the OpenAI API, health and pages. Call it on an application that <see cref="GatewayServices.AddSkeinGateway"/> was called on.</summary>
    public static WebApplication MapSkeinGateway(this WebApplication app)
    {
        app.UseMiddleware<ApiErrorMiddleware>();
        app.UseMiddleware<ApiKeyMiddleware>();
        app.UseWebSockets();

        // Bodies must say that they are JSON: a page of another site cannot send that without asking first, so it cannot use somebody's gateway behind their back.
        var chat = app.MapPost("/v1/chat/completions", (HttpContext context, ChatEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithTags("Chat").WithSummary("Continues a conversation.").WithDescription(Streams)
            .Accepts<ChatCompletionRequest>(Json)
            .Produces<ChatCompletion>(StatusCodes.Status200OK, Json);
        chat.ProducesErrors(ReplyErrors);
        ApiDescription.DescribeEvents<ChatCompletionChunk>(chat);
        var completion = app.MapPost("/v1/completions", (HttpContext context, CompletionEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithTags("Completions").WithSummary("Continues text.").WithDescription(Streams)
            .Accepts<TextCompletionRequest>(Json)
            .Produces<TextCompletion>(StatusCodes.Status200OK, Json);
        completion.ProducesErrors(ReplyErrors);
        ApiDescription.DescribeEvents<TextCompletion>(completion);
        app.MapGet("/v1/models", (ServedModels models) => TypedResults.Ok(new ModelList([.. models.All.Select(ModelObject.Of)])))
            .WithTags("Served models").WithSummary("Lists the models.")
            .ProducesErrors();
        app.MapGet("/v1/models/{**id}", Model)
            .WithTags("Served models").WithSummary("Shows one model.")
            .ProducesErrors(StatusCodes.Status404NotFound);

        app.MapGet("/healthz", () => TypedResults.Ok(new HealthReport("ok")))
            .WithTags("Health").WithSummary("Says that the process runs.");
        app.MapGet("/readyz", Readiness)
            .WithTags("Health").WithSummary("Says which models can answer now, and what the others lack.")
            .Produces<ReadinessReport>(StatusCodes.Status200OK, Json)
            .Produces<ReadinessReport>(StatusCodes.Status503ServiceUnavailable, Json);

        app.MapOpenApi();
        ReferencePage.Map(app);
        app.MapGet("/", Root).ExcludeFromDescription();
        return app;
    }

    // libp2p's WebSockets come to the root unless their address says otherwise (libp2p/specs, websockets).
    private static async Task<IResult> Root(HttpContext context, ServedModels models, PeerWebSockets peers)
    {
        if (!PeerWebSockets.IsAskedFor(context))
        {
            return FrontPage.Show(context, models);
        }

        await peers.ServeAsync(context);
        return Results.Empty;
    }

    private static Ok<ModelObject> Model(string id, ServedModels models)
    {
        // Clients escape the slash of names like org/model, and the server leaves that one escape alone.
        var name = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return models.TryGet(name, out var model) ? TypedResults.Ok(ModelObject.Of(model)) : throw ApiException.ModelNotFound(name);
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

    private static void ProducesErrors(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        route.Produces<ErrorResponse>(StatusCodes.Status401Unauthorized, Json);
        foreach (var status in statuses)
        {
            route.Produces<ErrorResponse>(status, Json);
        }
    }
}
