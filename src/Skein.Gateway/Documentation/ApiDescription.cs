using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Skein.Gateway.Documentation;

/// <summary>The OpenAPI description of the API.</summary>
internal static class ApiDescription
{
    /// <summary>Name of the document: <c>/openapi/v1.json</c>.</summary>
    public const string Document = "v1";

    public static void Add(IServiceCollection services)
        => services.AddOpenApi(Document, options =>
        {
            // "Anything" needs no name.
            options.CreateSchemaReferenceId = type => (Nullable.GetUnderlyingType(type.Type) ?? type.Type) == typeof(JsonElement) ? null : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
            options.AddDocumentTransformer(Describe);
        });

    /// <summary>Says that an operation may also answer with a stream of events, each of which carries one <typeparamref name="TEvent"/>.</summary>
    public static void DescribeEvents<TEvent>(RouteHandlerBuilder route)
        => route.AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            context.Document!.AddComponent(typeof(TEvent).Name, await context.GetOrCreateSchemaAsync(typeof(TEvent), null, cancellationToken));
            operation.Responses!["200"].Content!["text/event-stream"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(typeof(TEvent).Name, context.Document) };
        });

    private static Task Describe(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Skein",
            Version = Document,
            Description = "Open-weight language models, spread over many machines, behind OpenAI's API. Point any client of OpenAI's at this server's /v1.",
        };

        // Relative to where it was read from: the gateway does not know under which name clients reach it.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
        document.Components.SecuritySchemes["key"] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "Only if the gateway was given keys.",
        };
        return Task.CompletedTask;
    }
}
