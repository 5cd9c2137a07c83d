using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Skein.P2P.Tests.PortMapping;

/// <summary>A UPnP router on loopback: answers searches by UDP and calls by HTTP.</summary>
internal sealed class FakeUpnpRouter : IAsyncDisposable
{
    public const string Service = "urn:schemas-upnp-org:service:WANIPConnection:1";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakeUdpRouter _discovery;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    public FakeUpnpRouter()
    {
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Location = $"http://127.0.0.1:{port}/desc.xml";
        Description = $"""
            <?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceList><device><serviceList>
            <service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/other</controlURL></service>
            <service><serviceType>{Service}</serviceType><controlURL>/ctl</controlURL></service>
            </serviceList></device></deviceList></device></root>
            """;
        _discovery = new FakeUdpRouter(_ => Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nLocation: {Location}\r\nST: x\r\n\r\n"));
        _loop = RunAsync();
    }

    public string Location { get; set; }

    public string Description { get; set; }

    public IPEndPoint Discovery => _discovery.EndPoint;

    /// <summary>Error codes for the next calls of AddPortMapping; 0 succeeds.</summary>
    public Queue<int> AddErrors { get; } = new();

    public List<string> Calls { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _loop;
        await _discovery.DisposeAsync();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        var buffer = new byte[8192];
        var text = string.Empty;
        while (true)
        {
            var count = await stream.ReadAsync(buffer, _stopping.Token);
            text += Encoding.UTF8.GetString(buffer, 0, count);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (count == 0)
            {
                return;
            }

            if (head < 0)
            {
                continue;
            }

            var length = text[..head].Split("\r\n").Where(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Select(l => int.Parse(l.Split(':')[1])).FirstOrDefault();
            if (text.Length >= head + 4 + length)
            {
                break;
            }
        }

        var (status, body) = Answer(text);
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"), _stopping.Token);
    }

    private (string Status, string Body) Answer(string request)
    {
        if (request.StartsWith("GET", StringComparison.Ordinal))
        {
            return ("200 OK", Description);
        }

        Calls.Add(request[request.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]);
        if (request.Contains("GetExternalIPAddress", StringComparison.Ordinal))
        {
            return ("200 OK", "<s:Envelope xmlns:s=\"e\"><s:Body><u:R xmlns:u=\"x\"><NewExternalIPAddress>203.0.113.77</NewExternalIPAddress></u:R></s:Body></s:Envelope>");
        }

        var error = request.Contains("u:AddPortMapping", StringComparison.Ordinal) && AddErrors.TryDequeue(out var code) ? code : 0;
        return error == 0
            ? ("200 OK", "<s:Envelope xmlns:s=\"e\"><s:Body/></s:Envelope>")
            : ("500 Internal Server Error", $"<s:Envelope xmlns:s=\"e\"><s:Body><s:Fault><detail><UPnPError><errorCode>{error}</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>");
    }
}
