using Skein.Lab;
using Skein.Lab.Agent;
using Skein.Lab.Hosts;

// On a host of the laboratory the test program is the agent; for the sweeping test it is a maker that gets killed; otherwise it runs the tests.
switch (args)
{
    case ["agent"]:
        await LabAgent.RunAsync(Console.In, Console.Out, CancellationToken.None);
        return 0;
    case ["hold"]:
        await using (var lab = await Laboratory.CreateAsync(new LabTopology { Hosts = [new LabHostSettings { Name = "held" }] }, CancellationToken.None))
        {
            Console.WriteLine(lab.Host("held").Namespace);
            await Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System);
        }

        return 1;
    default:
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
