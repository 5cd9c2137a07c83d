using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Skein.Lab.Agent;

/// <summary>What an agent serves on one port: the first byte of a connection says what is wanted.</summary>
internal sealed class AgentServer : IAsyncDisposable
{
    /// <summary>Greet back: what two hosts that call each other say first.</summary>
    public const byte Greeting = 0;

    /// <summary>Send everything back.</summary>
    public const byte Echo = (byte)'e';

    /// <summary>Say who is calling.</summary>
    public const byte Reflect = (byte)'r';

    /// <summary>Take everything, then say how fast it came.</summary>
    public const byte Sink = (byte)'s';

    /// <summary>Say how many datagrams came to this port since the last such question.</summary>
    public const byte Count = (byte)'u';

    /// <summary>Calls at once; the laboratory's own agents make a few.</summary>
    private const int MostCalls = 64;

    /// <summary>8 MiB: what an agent that waits a second for a core must not lose, as only the laboratory may. Beyond the machine's limit, which root may pass.</summary>
    private const int DatagramBuffer = 8 << 20;

    private const int SocketLevel = 1;
    private const int ForceReceiveBuffer = 33;

    /// <summary>What a connection does at its beginning, slow start above all, is not its rate.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(700);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _places = new(MostCalls);
    private readonly Socket _listener;
    private readonly Socket _datagrams;
    private readonly Task _accepting;
    private readonly Task _counting;
    private int _received;

    /// <summary>Serves on a port of every address of this host.</summary>
    public AgentServer(int port)
    {
        _listener = AgentSockets.Bound(port);
        _listener.Listen(MostCalls);
        _datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _datagrams.SetRawSocketOption(SocketLevel, ForceReceiveBuffer, BitConverter.GetBytes(DatagramBuffer));
        _datagrams.Bind(new IPEndPoint(IPAddress.Any, port));
        _accepting = AcceptAsync();
        _counting = CountAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        _datagrams.Dispose();
        await Task.WhenAll(_accepting, _counting);
        _stop.Dispose();
        _places.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                await _places.WaitAsync(_stop.Token);
                var call = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(call);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket call)
    {
        try
        {
            using (call)
            {
                call.NoDelay = true;
                var buffer = new byte[256 * 1_024];
                if (await call.ReceiveAsync(buffer.AsMemory(0, 1), _stop.Token) == 1)
                {
                    await ServeAsync(call, buffer[0], buffer);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The caller went away, or we are stopped: in the laboratory that is ordinary.
        }
        finally
        {
            if (!_stop.IsCancellationRequested)
            {
                _places.Release();
            }
        }
    }

    private async Task ServeAsync(Socket call, byte wanted, byte[] buffer)
    {
        switch (wanted)
        {
            case Greeting:
                await AgentSockets.SendAllAsync(call, buffer.AsMemory(0, 1), _stop.Token);
                break;
            case Echo:
                int count;
                while ((count = await call.ReceiveAsync(buffer, _stop.Token)) > 0)
                {
                    await AgentSockets.SendAllAsync(call, buffer.AsMemory(0, count), _stop.Token);
                }

                break;
            case Reflect:
                await AgentSockets.SendAllAsync(call, Encoding.ASCII.GetBytes(call.RemoteEndPoint!.ToString()!), _stop.Token);
                break;
            case Sink:
                var rate = await MeasureAsync(call, buffer);
                await AgentSockets.SendAllAsync(call, Encoding.ASCII.GetBytes(rate.ToString("R", CultureInfo.InvariantCulture)), _stop.Token);
                break;
            case Count:
                var received = Interlocked.Exchange(ref _received, 0);
                await AgentSockets.SendAllAsync(call, Encoding.ASCII.GetBytes(received.ToString(CultureInfo.InvariantCulture)), _stop.Token);
                break;
            default:
                break;
        }
    }

    private async Task<double> MeasureAsync(Socket call, byte[] buffer)
    {
        var time = TimeProvider.System;
        var began = time.GetTimestamp();
        var (from, last, bytes) = (0L, 0L, 0L);
        int count;
        while ((count = await call.ReceiveAsync(buffer, _stop.Token)) > 0)
        {
            last = time.GetTimestamp();
            if (from != 0)
            {
                bytes += count;
            }
            else if (time.GetElapsedTime(began, last) > Settling)
            {
                from = last;
            }
        }

        return from == 0 || last == from ? 0 : bytes * 8 / time.GetElapsedTime(from, last).TotalSeconds;
    }

    private async Task CountAsync()
    {
        var buffer = new byte[2_048];
        try
        {
            while (true)
            {
                await _datagrams.ReceiveAsync(buffer, _stop.Token);
                Interlocked.Increment(ref _received);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
