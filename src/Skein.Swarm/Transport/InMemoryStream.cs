using Skein.P2P.Transports;

namespace Skein.Swarm.Transport;

/// <summary>One end of a duplex stream in memory.</summary>
internal sealed class InMemoryStream : AsyncStream
{
    private readonly InMemoryPipe _incoming;
    private readonly InMemoryPipe _outgoing;
    private readonly Func<CancellationToken, ValueTask> _gate;

    private InMemoryStream(InMemoryPipe incoming, InMemoryPipe outgoing, Func<CancellationToken, ValueTask> gate)
    {
        _incoming = incoming;
        _outgoing = outgoing;
        _gate = gate;
    }

    /// <summary>Called once when this end is disposed.</summary>
    public Action? Closed { get; set; }

    /// <summary>Makes both ends.</summary>
    /// <param name="gate">Awaited before each write: where a test holds traffic up.</param>
    public static (InMemoryStream Near, InMemoryStream Far) CreatePair(Func<CancellationToken, ValueTask> gate)
    {
        var there = new InMemoryPipe();
        var back = new InMemoryPipe();
        return (new InMemoryStream(back, there, gate), new InMemoryStream(there, back, gate));
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _incoming.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _gate(cancellationToken);
        await _outgoing.WriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _incoming.Abort();
            _outgoing.End();
            Closed?.Invoke();
        }

        base.Dispose(disposing);
    }
}
