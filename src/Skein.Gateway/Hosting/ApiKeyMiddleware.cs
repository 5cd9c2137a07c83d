using System.Security.Cryptography;
using System.Text;
using Skein.Gateway.Errors;

namespace Skein.Gateway.Hosting;

/// <summary>Lets only holders of a key to the API, if there are keys. Pages and health stay open: they tell nothing that a key protects.</summary>
internal sealed class ApiKeyMiddleware
{
    private const string Scheme = "Bearer ";

    private readonly RequestDelegate _next;
    private readonly byte[][] _keys;

    public ApiKeyMiddleware(RequestDelegate next, GatewayOptions options)
    {
        _next = next;
        _keys = [.. options.ApiKeys.Select(Hash)];
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (_keys.Length > 0 && context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase) && !IsKnown(context.Request.Headers.Authorization.ToString()))
        {
            throw ApiException.Unauthorized();
        }

        return _next(context);
    }

    private bool IsKnown(string authorization)
    {
        if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have one length and no relation to the key's letters: the time it takes tells nothing.
        var hash = Hash(authorization[Scheme.Length..].Trim());
        var known = false;
        foreach (var key in _keys)
        {
            known |= CryptographicOperations.FixedTimeEquals(key, hash);
        }

        return known;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
