using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Skein.Cli.Output;

/// <summary>Where the program writes: results to standard output, everything else to standard error.</summary>
internal static class Terminal
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Results.</summary>
    public static IAnsiConsole Out { get; } = Open(Console.Out, Console.IsOutputRedirected);

    /// <summary>Progress, hints and errors, so that results can be piped.</summary>
    public static IAnsiConsole Err { get; } = Open(Console.Error, Console.IsErrorRedirected);

    /// <summary>Prints one JSON value and nothing else.</summary>
    public static void WriteJson<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Json));

    /// <summary>Prints one JSON value and nothing else, by its own rules.</summary>
    public static void WriteJson<T>(T value, JsonTypeInfo<T> rules) => Console.Out.WriteLine(JsonSerializer.Serialize(value, rules));

    /// <summary>Says what went wrong.</summary>
    public static void WriteError(string message)
        => Err.MarkupLine($"[red]error:[/] {Markup.Escape(message)}");

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (redirected)
        {
            // A file or a pipe has no right edge; broken lines could not be searched.
            console.Profile.Width = 4096;
        }

        return console;
    }
}
