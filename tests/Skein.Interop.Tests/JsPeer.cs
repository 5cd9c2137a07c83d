using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skein.P2P.Addressing;
using Skein.P2P.Identity;

namespace Skein.Interop.Tests;

/// <summary>A js-libp2p peer in a process of its own, steered by lines of JSON; one for all tests.</summary>
public class JsPeer : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _calls = new();
    private readonly TaskCompletionSource<JsonNode> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentQueue<string> _noise = new();
    private Process? _process;
    private Task _reading = Task.CompletedTask;
    private int _lastCall;

    /// <summary>What the process runs.</summary>
    protected virtual string Script => "peer.mjs";

    /// <summary>What the process said of itself.</summary>
    protected JsonNode Ready { get; private set; } = null!;

    public PeerId Id { get; private set; } = null!;

    public Multiaddr Tcp { get; private set; } = null!;

    public Multiaddr WebSocket { get; private set; } = null!;

    public Multiaddr Address(bool webSocket) => webSocket ? WebSocket : Tcp;

    public async ValueTask InitializeAsync()
    {
        var folder = await JsPackages.FolderAsync();
        _process = Start(folder, "node", "--import", "./shims.mjs", Script);
        _process.ErrorDataReceived += (_, e) => _noise.Enqueue(e.Data ?? string.Empty);
        _process.BeginErrorReadLine();
        _reading = ReadAsync(_process.StandardOutput);
        var ready = Ready = await _ready.Task.WaitAsync(Bound);
        if (ready["id"] is not { } id)
        {
            // Its peers are started later.
            return;
        }

        Id = PeerId.Parse((string)id!);
        var addresses = ready["addresses"]!.AsArray().Select(address => Multiaddr.Parse((string)address!)).ToList();
        Tcp = addresses.First(address => !address.IsWebSocket);
        WebSocket = addresses.First(address => address.IsWebSocket);
    }

    /// <summary>Sends a command.</summary>
    /// <returns>The answer, good or bad: <c>ok</c> says which.</returns>
    public async Task<JsonNode> TryCallAsync(string name, object? arguments = null)
    {
        var call = Interlocked.Increment(ref _lastCall);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls[call] = answer;
        var command = JsonSerializer.SerializeToNode(arguments ?? new { })!.AsObject();
        command["name"] = name;
        command["call"] = call;
        await _writing.WaitAsync();
        try
        {
            await _process!.StandardInput.WriteLineAsync(command.ToJsonString());
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }

        try
        {
            return await answer.Task.WaitAsync(Bound);
        }
        catch (TimeoutException fault)
        {
            throw new TimeoutException($"No answer of js-libp2p to {command.ToJsonString()}. It said: {string.Join(' ', _noise.TakeLast(20))}", fault);
        }
    }

    /// <summary>Sends a command that must succeed.</summary>
    public async Task<JsonNode> CallAsync(string name, object? arguments = null)
    {
        var answer = await TryCallAsync(name, arguments);
        Assert.True((bool)answer["ok"]!, $"{name}: {answer["error"]}");
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.StandardInput.Close();
            try
            {
                await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(5));
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }

            await _reading;
            _process.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private static Process Start(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        return Process.Start(start)!;
    }

    private async Task ReadAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            var message = JsonNode.Parse(line)!;
            if (message["call"] is { } call)
            {
                if (_calls.TryRemove((int)call, out var waiting))
                {
                    waiting.TrySetResult(message);
                }
            }
            else
            {
                _ready.TrySetResult(message);
            }
        }

        _ready.TrySetException(new IOException($"js-libp2p did not start: {string.Join(' ', _noise)}"));
    }
}
