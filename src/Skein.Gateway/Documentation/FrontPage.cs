using System.Net;
using System.Security.Cryptography;
using System.Text;
using Skein.Gateway.Serving;

namespace Skein.Gateway.Documentation;

/// <summary>The page at <c>/</c>: what this is, what it serves, how to ask.</summary>
internal static class FrontPage
{
    private const string Style =
        """
        body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
        pre { background: #f3f3f3; padding: 1rem; overflow-x: auto; }
        table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem 1.5rem .25rem 0; }
        @media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #161616; } pre { background: #242424; } a { color: #8ab4f8; } }
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static IResult Show(HttpContext context, ServedModels models)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        var all = models.All;
        var address = WebUtility.HtmlEncode($"{context.Request.Scheme}://{context.Request.Host}");
        var example = WebUtility.HtmlEncode(all.Count > 0 ? all[0].Name : "MODEL");
        var rows = string.Concat(all.Select(Row));
        var page =
            $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Skein</title>
            <style>{Style}</style>
            </head>
            <body>
            <h1>Skein</h1>
            <p>Open-weight language models, spread over many machines: each holds a few blocks of a model, and together they answer. This is a gateway to them; it speaks OpenAI's API.</p>
            <h2>Models</h2>
            <table>
            <thead><tr><th scope="col">Model</th><th scope="col">Context</th><th scope="col">State</th></tr></thead>
            <tbody>{rows}</tbody>
            </table>
            <h2>Ask</h2>
            <pre>curl {address}/v1/chat/completions -H 'Content-Type: application/json' \
              -d '&#123;"model": "{example}", "messages": [&#123;"role": "user", "content": "What is the capital of France?"&#125;]&#125;'</pre>
            <p>Any client of OpenAI's works with the base URL <code>{address}/v1</code>. <a href="/docs/">What the API can do</a> · <a href="/openapi/v1.json">its description for programs</a></p>
            </body>
            </html>
            """;
        return TypedResults.Content(page, "text/html; charset=utf-8");
    }

    private static string Row(ServedModel model)
    {
        var readiness = model.Generator.Readiness;
        var state = readiness.IsReady ? "ready" : "not ready: " + readiness.Reason;
        return $"<tr><td>{WebUtility.HtmlEncode(model.Name)}</td><td>{model.ContextLength} tokens</td><td>{WebUtility.HtmlEncode(state)}</td></tr>";
    }
}
