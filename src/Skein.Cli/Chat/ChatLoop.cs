using System.Diagnostics;
using Skein.Cli.Output;
using Spectre.Console;

namespace Skein.Cli.Chat;

/// <summary>A conversation in the terminal.</summary>
internal sealed class ChatLoop(ChatClient client, ChatSettings settings, TextReader input)
{
    private readonly List<ChatMessage> _messages = [];
    private bool _saidSo;

    /// <summary>Reads lines and answers them until <c>/exit</c>, the end of the input, or cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Terminal.Out.MarkupLine("[grey]Type a message. /reset forgets the conversation, /system TEXT changes the system prompt, /exit ends.[/]");
        SayIfItOnlyCompletes();
        Reset(settings.System);
        while (!cancellationToken.IsCancellationRequested)
        {
            Terminal.Out.Markup("[bold blue]you[/] ");
            // Console input cannot be cancelled; leaving the read behind lets Ctrl-C end the loop at once.
            var line = await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
            switch (line?.Trim())
            {
                case null or "/exit" or "/quit":
                    return;
                case "":
                    continue;
                case "/reset":
                    Reset(_messages is [{ Role: "system" } system, ..] ? system.Content : string.Empty);
                    continue;
                case "/help":
                    Terminal.Out.MarkupLine("[grey]/reset, /system TEXT, /exit[/]");
                    continue;
                case var command when command.StartsWith("/system", StringComparison.Ordinal):
                    Reset(command["/system".Length..].Trim());
                    continue;
                case var text:
                    await AnswerAsync(text, cancellationToken);
                    continue;
            }
        }
    }

    private void SayIfItOnlyCompletes()
    {
        if (client.CompletesText && !_saidSo)
        {
            _saidSo = true;
            Terminal.Err.MarkupLine($"[yellow]{Markup.Escape(client.Model)} was not made for chat: it goes on with your text, each message by itself.[/]");
        }
    }

    private void Reset(string system)
    {
        _messages.Clear();
        if (system.Length > 0)
        {
            _messages.Add(new ChatMessage("system", system));
        }
    }

    private async Task AnswerAsync(string text, CancellationToken cancellationToken)
    {
        _messages.Add(new ChatMessage("user", text));
        var first = 0L;
        var reply = new System.Text.StringBuilder();
        var pieces = 0;
        Terminal.Out.Markup($"[bold green]{Markup.Escape(client.Model)}[/] ");
        try
        {
            await foreach (var piece in client.StreamAsync(_messages, settings, cancellationToken))
            {
                if (pieces++ == 0)
                {
                    first = Stopwatch.GetTimestamp();
                }

                reply.Append(piece);
                Terminal.Out.Write(new Text(piece));
            }

            _messages.Add(new ChatMessage("assistant", reply.ToString()));
            Terminal.Out.WriteLine();
            // The first token waits for the prompt: what follows tells how fast the swarm decodes.
            Terminal.Out.MarkupLine(pieces > 1 ? $"[grey]{(pieces - 1) / Stopwatch.GetElapsedTime(first).TotalSeconds:0.0} tokens/s[/]" : "[grey]done[/]");
            SayIfItOnlyCompletes();
        }
        catch (Exception e) when (e is ChatException or HttpRequestException or IOException)
        {
            // The turn is taken back, so that the conversation can go on when the swarm has healed.
            _messages.RemoveAt(_messages.Count - 1);
            Terminal.Out.WriteLine();
            Terminal.WriteError(e.Message);
        }
    }
}
