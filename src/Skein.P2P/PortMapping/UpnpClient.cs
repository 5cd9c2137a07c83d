using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Skein.P2P.PortMapping;

/// <summary>Asks a router by UPnP's internet gateway device, versions 1 and 2.</summary>
public sealed class UpnpClient : IPortMapper, IDisposable
{
    // How many ports are tried when the wanted one belongs to somebody else.
    private const int PortTries = 4;

    // UPnP error codes of WANIPConnection.
    private const int ConflictInMappingEntry = 718;
    private const int OnlyPermanentLeases = 725;
    private const int ActionNotAuthorized = 606;

    private static readonly string[] SearchTargets =
    [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    ];

    private readonly IPEndPoint _discovery;
    private readonly IPAddress _router;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Random _random;
    private UpnpService? _service;

    /// <summary>Makes a client.</summary>
    /// <param name="router">The default gateway: answers of anybody else are ignored.</param>
    /// <param name="discovery">Where searches go: the multicast group 239.255.255.250:1900, or the router itself.</param>
    /// <param name="time">Paces the tries.</param>
    /// <param name="random">Draws another port when the wanted one is taken.</param>
    public UpnpClient(IPAddress router, IPEndPoint discovery, TimeProvider time, Random random)
    {
        _router = router;
        _discovery = discovery;
        _time = time;
        _random = random;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(3), PooledConnectionLifetime = TimeSpan.FromMinutes(1) })
        {
            // Home routers are slow, but not slower than this.
            Timeout = TimeSpan.FromSeconds(6),
            MaxResponseContentBufferSize = UpnpDocuments.MaxDocument,
        };
    }

    /// <inheritdoc/>
    public string Method => "upnp";

    /// <inheritdoc/>
    public async ValueTask<PortMappingResult> MapAsync(int internalPort, int suggestedExternalPort, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        try
        {
            _service ??= await DiscoverAsync(cancellationToken);
            if (_service is null)
            {
                return PortMappingResult.Failed(PortMappingFailure.NoAnswer, "no router answers UPnP");
            }

            return await MapAsync(_service, internalPort, suggestedExternalPort == 0 ? internalPort : suggestedExternalPort, lifetime, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The router may have restarted under another address of its service: ask again next time.
            _service = null;
            return PortMappingResult.Failed(PortMappingFailure.RouterFailed, $"the router did not answer a UPnP call: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask UnmapAsync(MappedPort mapping, CancellationToken cancellationToken)
    {
        if (_service is not { } service)
        {
            return;
        }

        try
        {
            await CallAsync(service, "DeletePortMapping", [new("NewRemoteHost", string.Empty), new("NewExternalPort", Text(mapping.External.Port)), new("NewProtocol", "TCP")], cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Best effort: the lease ends by itself.
        }
    }

    /// <summary>Closes connections to the router.</summary>
    public void Dispose() => _http.Dispose();

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static PortMappingFailure FailureOf(int code) => code switch
    {
        ConflictInMappingEntry => PortMappingFailure.Conflict,
        ActionNotAuthorized => PortMappingFailure.NotAllowed,
        401 or 602 => PortMappingFailure.NotSupported,
        _ => PortMappingFailure.RouterFailed,
    };

    private async ValueTask<PortMappingResult> MapAsync(UpnpService service, int internalPort, int externalPort, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var own = OwnAddress().ToString();
        var lease = (long)lifetime.TotalSeconds;
        var code = 0;
        for (var attempt = 0; attempt < PortTries; attempt++)
        {
            code = await CallAsync(
                service,
                "AddPortMapping",
                [
                    new("NewRemoteHost", string.Empty), new("NewExternalPort", Text(externalPort)), new("NewProtocol", "TCP"), new("NewInternalPort", Text(internalPort)),
                    new("NewInternalClient", own), new("NewEnabled", "1"), new("NewPortMappingDescription", "Skein"), new("NewLeaseDuration", Text(lease)),
                ],
                cancellationToken);
            switch (code)
            {
                case 0:
                    var address = await AskAddressAsync(service, cancellationToken);
                    return PortMappingResult.Success(new MappedPort(new IPEndPoint(address, externalPort), internalPort, TimeSpan.FromSeconds(lease), Method));
                case OnlyPermanentLeases when lease != 0:
                    lease = 0;
                    break;
                case ConflictInMappingEntry:
                    // Somebody else has the port; ours may be any.
                    externalPort = _random.Next(20000, 60000);
                    break;
                default:
                    return PortMappingResult.Failed(FailureOf(code), $"the router refused by UPnP (error {code})");
            }
        }

        return PortMappingResult.Failed(FailureOf(code), $"the router refused by UPnP (error {code})");
    }

    private async ValueTask<IPAddress> AskAddressAsync(UpnpService service, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(service, "GetExternalIPAddress", [], cancellationToken);
        return response.IsSuccessStatusCode && UpnpDocuments.TryReadAddress(await response.Content.ReadAsByteArrayAsync(cancellationToken), out var address) ? address : IPAddress.Any;
    }

    // 0, or UPnP's error code; the HTTP status when the router gives none.
    private async ValueTask<int> CallAsync(UpnpService service, string action, KeyValuePair<string, string>[] arguments, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(service, action, arguments, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return 0;
        }

        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        return UpnpDocuments.TryReadValue(body, "errorCode", out var code) && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != 0
            ? number
            : (int)response.StatusCode;
    }

    private async Task<HttpResponseMessage> PostAsync(UpnpService service, string action, KeyValuePair<string, string>[] arguments, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, service.Control) { Content = new ByteArrayContent(UpnpDocuments.Call(service.Type, action, arguments)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/xml", "utf-8");
        request.Headers.TryAddWithoutValidation("SOAPACTION", $"\"{service.Type}#{action}\"");
        return await _http.SendAsync(request, cancellationToken);
    }

    private async ValueTask<UpnpService?> DiscoverAsync(CancellationToken cancellationToken)
    {
        foreach (var target in SearchTargets)
        {
            if (await SearchAsync(target, cancellationToken) is not { } location)
            {
                continue;
            }

            var description = await _http.GetByteArrayAsync(location, cancellationToken);
            if (UpnpDocuments.TryReadDescription(description, location, out var service))
            {
                return service;
            }
        }

        return null;
    }

    private async ValueTask<Uri?> SearchAsync(string target, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(OwnAddress(), 0));
        var request = SsdpMessages.Search(target);
        var buffer = new byte[2048];
        for (var attempt = 0; attempt < 2; attempt++)
        {
            // Devices answer within MX = 2 s; a router on the same wire much sooner.
            using var timer = new CancellationTokenSource(TimeSpan.FromSeconds(1.5), _time);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            try
            {
                await socket.SendToAsync(request, SocketFlags.None, _discovery, waiting.Token);
                while (true)
                {
                    var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), waiting.Token);
                    var from = ((IPEndPoint)received.RemoteEndPoint).Address;
                    // Only the router may answer, and only for itself: anybody on the network could send us elsewhere.
                    if (from.Equals(_router) && SsdpMessages.TryReadResponse(buffer.AsSpan(0, received.ReceivedBytes), out var location) && location.Host == _router.ToString())
                    {
                        return location;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Nobody answered: once more.
            }
        }

        return null;
    }

    private IPAddress OwnAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(new IPEndPoint(_router, 1900));
        return ((IPEndPoint)socket.LocalEndPoint!).Address;
    }
}
