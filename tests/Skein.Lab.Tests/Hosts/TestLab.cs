using System.Net;
using Skein.Lab.Agent;
using Skein.Lab.Hosts;

namespace Skein.Lab.Tests.Hosts;

/// <summary>A laboratory with an agent on every host.</summary>
internal sealed class TestLab : IAsyncDisposable
{
    public const int Port = 7_000;

    private readonly Dictionary<string, LabAgentClient> _agents = new(StringComparer.Ordinal);

    private TestLab(Laboratory lab)
    {
        Lab = lab;
    }

    public Laboratory Lab { get; }

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Skips the test on a machine that cannot have a laboratory, and says why.</summary>
    public static void Require()
    {
        var missing = LabRequirements.Missing();
        if (missing.Count > 0)
        {
            Assert.Skip("The laboratory needs " + string.Join("; ", missing) + ".");
        }
    }

    public static async Task<TestLab> CreateAsync(LabTopology topology)
    {
        Require();
        var test = new TestLab(await Laboratory.CreateAsync(topology, Cancelled));
        try
        {
            foreach (var host in test.Lab.Hosts)
            {
                test._agents.Add(host.Name, LabAgentClient.Start(host, Environment.ProcessPath!, ["agent"]));
            }

            await Task.WhenAll(test._agents.Values.Select(agent => agent.ServeAsync(Port, Cancelled)));
            return test;
        }
        catch
        {
            await test.DisposeAsync();
            throw;
        }
    }

    public LabAgentClient On(string host) => _agents[host];

    public IPEndPoint At(string host, int port = Port) => new(Lab.Host(host).PublicAddress, port);

    public ValueTask DisposeAsync() => Lab.DisposeAsync();
}
