using Scalar.AspNetCore;

namespace Skein.Gateway.Documentation;

/// <summary>The reference at <c>/docs</c>: the OpenAPI description as a page, from files of our own server only.</summary>
internal static class ReferencePage
{
    public static void Map(IEndpointRouteBuilder routes)
        => routes.MapScalarApiReference("/docs", options =>
        {
            options.Title = "Skein API";
            options.OpenApiRoutePattern = "/openapi/{documentName}.json";
            options.Telemetry = false;
            options.DefaultFonts = false;
            options.DynamicNonce = true;
            options.DisableAgent();
            options.DisableMcp();
            options.HideClientButton();
            options.HideDeveloperTools();
        }).ExcludeFromDescription().AddEndpointFilter(async (call, next) =>
        {
            var result = await next(call);
            var nonce = call.HttpContext.Items[ScalarOptions.NonceHttpContextItemKey] as string;

            // The page's framework writes styles while it runs; scripts are only those that this answer names.
            call.HttpContext.Response.Headers.ContentSecurityPolicy =
                $"default-src 'none'; script-src 'self'{(nonce is null ? "" : $" 'nonce-{nonce}'")}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            return result;
        });
}
