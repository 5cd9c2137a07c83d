using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Skein.Cli;

/// <summary>Help in two lengths: a list of commands shows a description's first line, a command's own page all of it.</summary>
internal static class CommandDetails
{
    /// <summary>Splits the descriptions of all commands below <paramref name="root"/>.</summary>
    public static void Apply(RootCommand root)
    {
        var details = new Dictionary<Command, string>();
        Split(root, details);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new DetailedHelp((SynchronousCommandLineAction)help.Action!, details);
    }

    private static void Split(Command command, Dictionary<Command, string> details)
    {
        foreach (var child in command.Subcommands)
        {
            if (child.Description?.Split('\n', 2) is [var first, var rest])
            {
                child.Description = first.TrimEnd();
                details.Add(child, rest.Trim());
            }

            Split(child, details);
        }
    }

    private sealed class DetailedHelp(SynchronousCommandLineAction inner, Dictionary<Command, string> details) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = inner.Invoke(parseResult);
            if (details.TryGetValue(parseResult.CommandResult.Command, out var text))
            {
                parseResult.InvocationConfiguration.Output.WriteLine(text);
            }

            return code;
        }
    }
}
