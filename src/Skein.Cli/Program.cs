using System.CommandLine;
using System.CommandLine.Invocation;
using Skein.Cli;
using Skein.Cli.Configuration;
using Skein.Cli.Output;
using Skein.Core.Errors;

if (Environment.GetEnvironmentVariable("SKEIN_LABORATORY") == "1")
{
    // The laboratory's internet has documentation addresses.
    AppContext.SetSwitch(Skein.P2P.Addressing.IpScope.LaboratorySwitch, true);
}

// Exit codes: 0 done, 1 failed, 2 asked for wrongly, 130 interrupted.
try
{
    // Alone, the program shows what it can do.
    var parse = SkeinCommand.Create().Parse(args.Length > 0 ? args : ["--help"]);
    if (parse.Action is ParseErrorAction wrong)
    {
        // What was wrong, not all that would have been right.
        wrong.ShowHelp = false;
        await parse.InvokeAsync(new InvocationConfiguration { Output = Console.Error });
        Console.Error.WriteLine($"See '{SkeinCommand.PathOf(parse.CommandResult)} --help'.");
        return 2;
    }

    return await parse.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        // Nodes finish their running step and close their sessions first.
        ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
    });
}
catch (UsageException e)
{
    Terminal.WriteError(e.Message);
    return 2;
}
catch (SkeinException e)
{
    Terminal.WriteError($"{e.Message} ({e.Code})");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException or System.Net.Sockets.SocketException)
{
    Terminal.WriteError(e.Message);
    return 1;
}
