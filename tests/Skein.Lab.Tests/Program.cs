using Skein.Lab.Agent;
using Skein.Lab.Control;
using Skein.Lab.Scenarios;
using Skein.Lab.Tests.Meeting;
using Skein.Lab.Tests.Pacing;
using Skein.Lab.Tests.Reachability;

// On a host of the laboratory the test program is the agent, or a peer of the network; for the sweeping test it is a maker that gets killed; otherwise it runs the tests.
switch (args)
{
    case ["agent"]:
        await LabAgent.RunAsync(Console.In, Console.Out, CancellationToken.None);
        return 0;
    case ["peer", .. var arguments]:
        return await PeerAgent.RunAsync(arguments);
    case ["pacing", .. var arguments]:
        return await PacingAgent.RunAsync(arguments);
    case ["port", var method]:
        return await PortAgent.RunAsync(method);
    case ["hold"]:
        await using (var runner = await LabRunner.CreateAsync(LabScenario.Parse("{\"hosts\": {\"held\": {}}}"u8.ToArray(), "held"), TimeProvider.System, null, CancellationToken.None))
        await using (LabControlServer.Start(runner, TimeProvider.System))
        {
            runner.Lab.Host("held").Start("sleep", ["1000"]);
            Console.WriteLine(runner.Lab.Name);
            await Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System);
        }

        return 1;
    default:
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
