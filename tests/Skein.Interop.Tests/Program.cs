using Skein.Interop.Tests;

// In a home of the laboratory the test program is a peer of the network.
if (args is ["peer", .. var arguments])
{
    return await HomePeer.RunAsync(arguments);
}

// Packages come from outside: they must be here before nothing leads there any more.
await JsPackages.FolderAsync();
OwnNetwork.Enter(args);
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
