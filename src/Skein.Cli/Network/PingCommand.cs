using System.CommandLine;
using System.Globalization;
using Skein.Cli.Configuration;
using Skein.P2P.Addressing;
using Skein.P2P.Connections;
using Skein.P2P.Identity;
using Skein.P2P.Transports.Tcp;
using Skein.P2P.Transports.WebSockets;

namespace Skein.Cli.Network;

/// <summary><c>skein ping</c></summary>
internal static class PingCommand
{
    private static readonly Argument<string> Address = new("ADDRESS") { Description = "A multiaddr, such as /ip4/192.0.2.7/tcp/7410/p2p/12D3Koo..." };
    private static readonly Option<int> Count = new("--count") { Description = "How many times", HelpName = "N", DefaultValueFactory = _ => 4 };

    /// <summary>Builds the command.</summary>
    public static Command Create()
    {
        var command = new Command("ping", "Reach a libp2p peer, check who it is, and measure the round trip") { Address, Count };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, CancellationToken cancellationToken)
    {
        var text = parse.GetValue(Address)!;
        var count = parse.GetValue(Count);
        if (!Multiaddr.TryParse(text, out var address))
        {
            throw new UsageException($"'{text}' is no multiaddr; one looks like /ip4/192.0.2.7/tcp/7410/p2p/12D3Koo....");
        }

        if (count is < 1 or > 1000)
        {
            throw new UsageException($"--count takes 1 to 1000, not {count}.");
        }

        using var key = PeerKey.Generate();
        var tcp = new TcpTransport(new TcpTransportOptions(), TimeProvider.System);
        await using var host = new P2PHost(new P2PHostOptions { Key = key }, [tcp, new WebSocketTransport(tcp)], TimeProvider.System);
        await host.StartAsync(cancellationToken);
        var connection = await host.ConnectAsync(address, cancellationToken);
        Console.Out.WriteLine($"connected to {connection.Peer}");
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken);
            }

            var trip = await host.PingAsync(connection.Peer, cancellationToken);
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{trip.TotalMilliseconds:0.000} ms"));
        }

        return 0;
    }
}
