using Skein.Lab.Errors;

namespace Skein.Lab.Hosts;

/// <summary>miniupnpd on a home router: opens ports for whoever asks from inside, by UPnP IGD, NAT-PMP and PCP. It is what many home routers run.</summary>
internal static class PortDaemon
{
    /// <summary>Name of the program.</summary>
    public const string Tool = "miniupnpd";

    // It removes its file at the end, whatever that is; where none can be written it goes on without.
    private const string NoPidFile = "/nonexistent/miniupnpd.pid";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="LabException"><see cref="LabError.Process"/>: it ended, with its last lines.</exception>
    public static async Task<LabProcess> StartAsync(string host, NetworkNamespace home, CancellationToken cancellationToken)
    {
        // All by options: a file of settings would have to be put somewhere. Its own file would be read if none were named.
        var daemon = LabProcess.Start(host, home, SystemTool.Find(Tool)!, ["-d", "-f", "/dev/null", "-i", "wan0", "-a", "lan0", "-p", "5000", "-N", "-4", "-S", "-P", NoPidFile], null);
        try
        {
            await daemon.WaitForLineAsync("Listening for NAT-PMP", Patience, cancellationToken);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }
}
