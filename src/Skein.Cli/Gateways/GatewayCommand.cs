using System.CommandLine;
using Skein.Cli.Output;
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
            """);
        GatewaySettings.AddTo(command, GatewaySettings.All);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var options = GatewaySettings.Read(parse, listenDefault: "127.0.0.1:8080");
        await using var gateway = await GatewayStartup.StartAsync(options, "--listen", cancellationToken);
        Terminal.Out.MarkupLine($"Serving [bold]{Markup.Escape(gateway.ModelName)}[/] at [link]{gateway.Address}v1[/] (reference: {gateway.Address}docs). Ctrl-C ends it.");
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
}
