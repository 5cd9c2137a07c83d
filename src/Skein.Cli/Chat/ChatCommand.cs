using System.CommandLine;
using Skein.Cli.Configuration;
using Skein.Cli.Gateways;

namespace Skein.Cli.Chat;

/// <summary><c>skein chat</c></summary>
internal static class ChatCommand
{
    private static readonly Option<Uri> Gateway = new("--gateway")
    {
        Description = "URL of a gateway. Without it the chat drives the ring itself and needs --model and --peer",
        HelpName = "URL",
        CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : Fail<Uri>(result, $"'{result.Tokens[0].Value}' is not a URL such as http://localhost:8080"),
    };

    private static readonly Option<float> Temperature = new Option<float>("--temperature") { Description = "0 always takes the likeliest token; up to 2", DefaultValueFactory = _ => ChatSettings.DefaultTemperature }.Between(0, 2);
    private static readonly Option<int> MaxTokens = new Option<int>("--max-tokens") { Description = "The longest reply", DefaultValueFactory = _ => 512 }.Between(1, ChatSettings.MostTokens);
    private static readonly Option<long?> Seed = new("--seed") { Description = "Same seed, same reply" };
    private static readonly Option<string> System = new("--system") { Description = "The system prompt; empty sends none", DefaultValueFactory = _ => ChatSettings.DefaultSystemPrompt };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command("chat", "Chat in the terminal, through a gateway or straight through the ring") { Gateway, Temperature, MaxTokens, Seed, System };
        GatewaySettings.AddTo(command, GatewaySettings.Ring);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var settings = new ChatSettings
        {
            Temperature = parse.GetValue(Temperature),
            MaxTokens = parse.GetValue(MaxTokens),
            Seed = parse.GetValue(Seed),
            System = parse.GetValue(System)!,
        };
        if (parse.GetValue(Gateway) is { } url)
        {
            using var http = new HttpClient { BaseAddress = WithSlash(url), Timeout = Timeout.InfiniteTimeSpan };
            var models = await ChatClient.ListModelsAsync(http, cancellationToken);
            var model = parse.GetValue(GatewaySettings.Model.Option) is [var wanted, ..] ? wanted
                : models is [var first, ..] ? first
                : throw new UsageException($"The gateway at {url} serves no model.");
            await new ChatLoop(new ChatClient(http, model), settings, Console.In).RunAsync(cancellationToken);
            return 0;
        }

        // One way for everything: the ring is driven by a gateway of our own on a loopback port.
        var options = await GatewaySettings.ReadAsync(parse, listenDefault: "127.0.0.1:0", forOthers: false, cancellationToken);
        await using var gateway = await Gateways.GatewayStartup.StartAsync(options, "--listen", cancellationToken);
        using var local = new HttpClient { BaseAddress = gateway.Address, Timeout = Timeout.InfiniteTimeSpan };
        settings = gateway.TakesSystemMessages || parse.GetResult(System) is { Implicit: false } ? settings : settings with { System = string.Empty };
        await new ChatLoop(new ChatClient(local, gateway.ModelName, gateway.ChatRefusal is not null), settings, Console.In).RunAsync(cancellationToken);
        return 0;
    }

    private static Uri WithSlash(Uri uri) => uri.AbsoluteUri.EndsWith('/') ? uri : new Uri(uri.AbsoluteUri + "/");

    private static T Fail<T>(global::System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default!;
    }
}
