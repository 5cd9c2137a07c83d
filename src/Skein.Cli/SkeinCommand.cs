using System.CommandLine;
using System.CommandLine.Parsing;
using Skein.Cli.Bench;
using Skein.Cli.Chat;
using Skein.Cli.Demo;
using Skein.Cli.Gateways;
using Skein.Cli.Laboratories;
using Skein.Cli.Models;
using Skein.Cli.Network;
using Skein.Cli.Nodes;
using Skein.Cli.Parity;

namespace Skein.Cli;

/// <summary>The program's commands.</summary>
internal static class SkeinCommand
{
    /// <summary>Builds the tree of commands.</summary>
    public static RootCommand Create()
    {
        var root = CreateRoot();
        CommandDetails.Apply(root);
        return root;
    }

    /// <summary>How a user calls a command: <c>skein model import</c>.</summary>
    public static string PathOf(CommandResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } command; at = at.Parent)
        {
            names.Push(command.Command.Name);
        }

        return string.Join(' ', names.Prepend("skein"));
    }

    private static RootCommand CreateRoot() => new(
        """
        Skein serves open-weight language models from many machines: each hosts a span of transformer blocks, together they answer.

        Begin with:
          skein demo                        three nodes and a gateway on this machine, and a chat
          skein model list                  models that are here
        By hand, on several machines:
          skein anchor
          skein node --model smollm2-135m --blocks 0-14 --anchor /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo...
          skein gateway --model smollm2-135m --anchor /ip4/192.0.2.7/tcp/7400/p2p/12D3Koo...
          skein chat --gateway http://localhost:8080
        """)
    {
        DemoCommand.Create(),
        NodeCommand.Create(),
        GatewayCommand.Create(),
        ChatCommand.Create(),
        ModelCommand.Create(),
        AnchorCommand.Create(),
        PeersCommand.Create(),
        IdCommand.Create(),
        PingCommand.Create(),
        NetCommand.Create(),
        ParityCommand.Create(),
        BenchCommand.Create(),
        LabCommand.Create(),
    };
}
