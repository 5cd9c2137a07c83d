using System.CommandLine;

namespace Skein.Cli.Network;

/// <summary><c>skein id</c></summary>
internal static class IdCommand
{
    private static readonly Option<string> Identity = new("--identity") { Description = "File with the key, made if it is missing [default: in the user's data folder]", HelpName = "FILE" };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command("id", "Show who this machine is in the network: its libp2p peer id") { Identity };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var file = parse.GetValue(Identity) ?? OwnIdentity.DefaultFile;
            using var key = await OwnIdentity.LoadAsync(file, cancellationToken);
            Console.Out.WriteLine(key.PeerId.ToString());
            return 0;
        });
        return command;
    }
}
