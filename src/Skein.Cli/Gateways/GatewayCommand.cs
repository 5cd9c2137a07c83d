using System.CommandLine;
using Skein.Cli.Output;
using Skein.Gateway.Hosting;
using Skein.Gateway.OnePort;
using Skein.P2P.Addressing;
using Spectre.Console;

namespace Skein.Cli.Gateways;

/// <summary><c>skein gateway</c></summary>
internal static class GatewayCommand
{
    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command(
            "gateway",
            """
            Serve a model over HTTP, OpenAI-compatible, by driving nodes that hold its blocks

            Every option may also come from the environment (SKEIN_GATEWAY_MODEL, SKEIN_GATEWAY_PEER="a:7410,b:7410", ...)
            or from --config. Example:
              skein gateway --model smollm2-135m --anchor /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo...
              skein gateway --model smollm2-135m --peer 192.0.2.7:7410 --peer 192.0.2.8:7410
            For others, with https and, for browsers, wss at the same port:
              skein gateway --model smollm2-135m --anchor ... --listen 0.0.0.0:443 --certificate fullchain.pem --certificate-key privkey.pem --api-key KEY
            """);
        GatewaySettings.AddTo(command, GatewaySettings.All);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var options = await GatewaySettings.ReadAsync(parse, listenDefault: "127.0.0.1:8080", forOthers: true, cancellationToken);
        using var identity = options.Identity;
        using var certificate = options.Certificate;
        await using var gateway = await GatewayStartup.StartAsync(options, "--listen", cancellationToken);
        Terminal.Out.MarkupLine($"Serving [bold]{Markup.Escape(gateway.ModelName)}[/] at [link]{gateway.Address}v1[/] (reference: {gateway.Address}docs).");
        ShowPort(gateway, certificate);
        Terminal.Out.WriteLine("Ctrl-C ends it.");
        if (gateway.ChatRefusal is { } refusal)
        {
            Terminal.Err.MarkupLine($"[yellow]Text completions only:[/] {Markup.Escape(refusal)}");
        }

        if (gateway.Readiness is { IsReady: false, Reason: { } reason })
        {
            Terminal.Err.MarkupLine($"[yellow]Not ready yet:[/] {Markup.Escape(reason)}");
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return 0;
    }

    // What else the port serves, and by which addresses peers come.
    private static void ShowPort(RunningGateway gateway, GatewayCertificate? certificate)
    {
        if (certificate is not null)
        {
            Terminal.Out.MarkupLineInterpolated($"{(gateway.PeerAddresses.Count > 0 ? "The same port serves https," : "It is")} with the certificate of {certificate.Name}, until {certificate.Until:yyyy-MM-dd}.");
        }

        if (gateway.PeerAddresses is not [var first, ..])
        {
            return;
        }

        Terminal.Out.WriteLine("The same port takes libp2p peers, by TCP and by WebSocket:");
        foreach (var address in gateway.PeerAddresses)
        {
            Terminal.Out.WriteLine($"  {address}");
        }

        if (certificate is { Name.Length: > 0 } && first.TcpEndPoint is { } bound && Multiaddr.TryParse(FormattableString.Invariant($"/dns4/{certificate.Name}/tcp/{bound.Port}/tls/ws/p2p/{first.PeerId}"), out var secure))
        {
            Terminal.Out.WriteLine($"  {secure}");
        }
    }
}
