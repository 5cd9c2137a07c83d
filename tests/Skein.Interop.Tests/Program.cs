using Skein.Interop.Tests;

// Packages come from outside: they must be here before nothing leads there any more.
await JsPackages.FolderAsync();
OwnNetwork.Enter(args);
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
