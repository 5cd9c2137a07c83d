using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;
using Skein.P2P.Kademlia;
using Skein.P2P.Network;

namespace Skein.Interop.Tests;

/// <summary>A page with js-libp2p in a headless browser.</summary>
public sealed class BrowserTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Page_DialsByWebSocket_PingsAndFindsAPeerThroughTheDht()
    {
        var browser = FindBrowser();
        Assert.SkipWhen(browser is null, "No browser is installed: install chromium.");
        var folder = await JsPackages.FolderAsync();
        var script = Path.Combine(Path.GetTempPath(), $"skein-page-{Guid.NewGuid():N}.js");
        await JsPackages.RunAsync(folder, Bound, Path.Combine(folder, "node_modules", ".bin", "esbuild"), "browser/page.ts", "--bundle", "--format=esm", "--log-level=warning", $"--outfile={script}");
        using var key = PeerKey.Generate();
        using var soughtKey = PeerKey.Generate();
        await using var node = await StartAsync(key, []);
        await using var sought = await StartAsync(soughtKey, [node.Addresses[0]]);
        await sought.Dht.WaitUntilJoinedAsync(Bound, CancellationToken.None);
        try
        {
            var result = await VisitAsync(browser!, script, node.Addresses.First(address => address.IsWebSocket), sought.Host.Id);

            Assert.True((bool)result["ok"]!, result.ToJsonString());
            Assert.True((double)result["pingMs"]! >= 0);
            Assert.True((double)result["foundPingMs"]! >= 0);
            Assert.Contains(sought.Host.Addresses.First(address => address.IsWebSocket).ToString(), result["found"]!.AsArray().Select(address => (string)address!));
        }
        finally
        {
            File.Delete(script);
        }
    }

    private static Task<NetworkNode> StartAsync(PeerKey key, IReadOnlyList<Multiaddr> anchors)
        => NetworkNode.StartAsync(new NetworkOptions { Key = key, Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")], Anchors = anchors, Dht = KademliaMode.Server }, TimeProvider.System, CancellationToken.None);

    // Serves the page to the browser and waits for what it posts.
    private static async Task<JsonNode> VisitAsync(string browser, string script, Multiaddr node, PeerId sought)
    {
        using var server = StartServer(out var address);
        var profile = Directory.CreateTempSubdirectory("skein-browser-");
        var url = $"{address}?node={Uri.EscapeDataString(node.ToString())}&find={sought}";
        var start = new ProcessStartInfo(browser) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in new[] { "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update", $"--user-data-dir={profile.FullName}", url })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var noise = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            return await ServeAsync(server, await File.ReadAllBytesAsync(script)).WaitAsync(Bound);
        }
        catch (TimeoutException fault)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The page posted nothing. The browser said: {string.Join(' ', await noise)}", fault);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            await noise;
            await DeleteAsync(profile);
        }
    }

    private static HttpListener StartServer(out string address)
    {
        // HttpListener takes no port 0: try some.
        for (var tries = 0; ; tries++)
        {
            var port = Random.Shared.Next(20_000, 60_000);
            var server = new HttpListener();
            server.Prefixes.Add(address = FormattableString.Invariant($"http://127.0.0.1:{port}/"));
            try
            {
                server.Start();
                return server;
            }
            catch (HttpListenerException) when (tries < 20)
            {
                server.Close();
            }
        }
    }

    private static async Task<JsonNode> ServeAsync(HttpListener server, byte[] script)
    {
        while (true)
        {
            var context = await server.GetContextAsync();
            using var response = context.Response;
            switch (context.Request.Url!.AbsolutePath)
            {
                case "/":
                    response.ContentType = "text/html";
                    await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes("<!doctype html><meta charset=utf-8><title>Skein</title><body><script type=module src=/page.js></script>"));
                    break;
                case "/page.js":
                    response.ContentType = "text/javascript";
                    await response.OutputStream.WriteAsync(script);
                    break;
                case "/result":
                    return (await JsonNode.ParseAsync(context.Request.InputStream))!;
                default:
                    response.StatusCode = 404;
                    break;
            }
        }
    }

    // A browser's helpers may still write for a moment after its end.
    private static async Task DeleteAsync(DirectoryInfo folder)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                folder.Delete(recursive: true);
                return;
            }
            catch (IOException) when (tries < 50)
            {
                await Task.Delay(100);
            }
        }
    }

    private static string? FindBrowser()
        => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator)
            .SelectMany(_ => new[] { "chromium", "chromium-browser", "google-chrome" }, Path.Combine)
            .FirstOrDefault(File.Exists);
}
