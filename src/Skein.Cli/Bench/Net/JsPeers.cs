using System.Diagnostics;
using System.Text.Json;
using Skein.Cli.Demo;
using Skein.P2P.Addressing;

namespace Skein.Cli.Bench.Net;

/// <summary>js-libp2p beside us, from the repository's interop tests.</summary>
internal sealed class JsPeers : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly Process _server;

    private JsPeers(string folder, Process server, Multiaddr address)
    {
        _folder = folder;
        _server = server;
        Address = address;
    }

    /// <summary>Where its server listens.</summary>
    public Multiaddr Address { get; }

    /// <summary>Starts its server.</summary>
    /// <returns>Null if Node or the packages are not here.</returns>
    public static async Task<JsPeers?> StartAsync(CancellationToken cancellationToken)
    {
        if (FindFolder() is not { } folder)
        {
            return null;
        }

        Process server;
        try
        {
            server = Start(folder, "serve");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No node.
            return null;
        }

        var line = await server.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, TimeProvider.System, cancellationToken);
        if (line is null)
        {
            return null;
        }

        using var ready = JsonDocument.Parse(line);
        return new JsPeers(folder, server, Multiaddr.Parse(ready.RootElement.GetProperty("address").GetString()!));
    }

    /// <summary>Lets its client measure its server.</summary>
    public async Task<NetBenchFigures> MeasureAsync(CancellationToken cancellationToken)
    {
        using var client = Start(_folder, "run", Address.ToString());
        var errors = client.StandardError.ReadToEndAsync(cancellationToken);
        var output = await client.StandardOutput.ReadToEndAsync(cancellationToken).WaitAsync(Patience, TimeProvider.System, cancellationToken);
        await client.WaitForExitAsync(cancellationToken);
        if (output.Length == 0)
        {
            var words = await errors;
            throw new DemoException($"js-libp2p measured nothing. It said: {words[..Math.Min(words.Length, 500)]}");
        }

        using var report = JsonDocument.Parse(output);
        var (small, large) = (report.RootElement.GetProperty("rtt8k"), report.RootElement.GetProperty("rtt32k"));
        return new NetBenchFigures(
            small.GetProperty("p50").GetDouble(),
            small.GetProperty("p99").GetDouble(),
            large.GetProperty("p50").GetDouble(),
            large.GetProperty("p99").GetDouble(),
            report.RootElement.GetProperty("bulk").GetDouble(),
            null);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _server.StandardInput.Close();
        try
        {
            await _server.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(3), TimeProvider.System);
        }
        catch (TimeoutException)
        {
            _server.Kill(entireProcessTree: true);
        }

        _server.Dispose();
    }

    private static Process Start(string folder, params string[] arguments)
        => Process.Start(new ProcessStartInfo("node", ["--import", "./shims.mjs", "bench.mjs", .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;

    private static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var js = Path.Combine(folder.FullName, "tests", "Skein.Interop.Tests", "js");
            if (Directory.Exists(Path.Combine(js, "node_modules")))
            {
                return js;
            }
        }

        return null;
    }
}
