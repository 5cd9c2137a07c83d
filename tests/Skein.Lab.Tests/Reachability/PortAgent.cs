using System.Net;
using System.Net.Sockets;
using Skein.P2P.PortMapping;

namespace Skein.Lab.Tests.Reachability;

/// <summary>A host that has its home router lead a port to it, answers who calls there, and gives the port back when it is told to.</summary>
internal static class PortAgent
{
    public const int Port = 7_410;

    /// <summary>Runs until its input has said a word twice: then the port is given back, then it ends. Argument: <c>pcp</c>, <c>nat-pmp</c> or <c>upnp</c>.</summary>
    public static async Task<int> RunAsync(string method)
    {
        var router = DefaultGateway.Find() ?? throw new InvalidOperationException("There is no router.");
        var natPmp = new IPEndPoint(router, NatPmpMessages.RouterPort);
        using var upnp = new UpnpClient(router, new IPEndPoint(IPAddress.Parse("239.255.255.250"), 1900), TimeProvider.System, new Random(1));
        IPortMapper mapper = method switch
        {
            "pcp" => new PcpClient(natPmp, TimeProvider.System),
            "nat-pmp" => new NatPmpClient(natPmp, TimeProvider.System),
            _ => upnp,
        };
        using var listener = new TcpListener(IPAddress.Any, Port);
        listener.Start();
        _ = AnswerAsync(listener);

        // A number of its own, as if another machine of the home had the first.
        var result = await mapper.MapAsync(Port, Port + 1, TimeSpan.FromMinutes(20), CancellationToken.None);
        Console.WriteLine(result.Mapping is { } mapped ? $"mapped {mapped.External} {mapped.Lifetime.TotalSeconds}" : $"mapped nothing: {result.Failure} {result.Detail}");
        if (result.Mapping is { } mapping)
        {
            await Console.In.ReadLineAsync();
            await mapper.UnmapAsync(mapping, CancellationToken.None);
            Console.WriteLine("given back");
            await Console.In.ReadLineAsync();
        }

        return 0;
    }

    private static async Task AnswerAsync(TcpListener listener)
    {
        while (true)
        {
            using var caller = await listener.AcceptSocketAsync();
            await caller.SendAsync("hello"u8.ToArray());
        }
    }
}
