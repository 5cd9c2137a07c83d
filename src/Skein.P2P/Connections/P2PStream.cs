using System.Buffers;
using Skein.P2P.Errors;
using Skein.P2P.Identity;
using Skein.P2P.Negotiation;
using Skein.P2P.Transports;
using Skein.P2P.Yamux;

namespace Skein.P2P.Connections;

/// <summary>A stream of one protocol with one peer: full duplex; one read and one write may be under way at once.</summary>
/// <remarks>
/// <para>A stream opened here costs no round trip: the proposal of its protocol travels with the first write, and the answer is read with the first read.
/// So a peer that does not speak the protocol shows at the first read, as <see cref="P2PError.ProtocolNotSupported"/>.</para>
/// <para>Finish with <see cref="CloseWriteAsync"/>, then dispose. Disposing an unfinished stream resets it. Everything else is as <see cref="YamuxStream"/> says.</para>
/// </remarks>
public sealed class P2PStream : AsyncStream
{
    private readonly YamuxStream _inner;
    private readonly Action<P2PStream>? _onDisposed;
    private byte[]? _proposal;
    private readonly TaskCompletionSource? _proposed;
    private TaskCompletionSource? _answer;
    private volatile bool _answerOwed;
    private int _disposed;

    internal P2PStream(P2PConnection connection, YamuxStream inner, string protocol, bool optimistic, Action<P2PStream>? onDisposed = null)
    {
        Connection = connection;
        _inner = inner;
        Protocol = protocol;
        _onDisposed = onDisposed;
        if (optimistic)
        {
            _proposal = MultistreamSelect.EncodeProposal(protocol);
            _proposed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _answerOwed = true;
        }
    }

    /// <summary>The connection that carries it.</summary>
    public P2PConnection Connection { get; }

    /// <summary>The peer at the other end: proven.</summary>
    public PeerId Peer => Connection.Peer;

    /// <summary>The protocol.</summary>
    public string Protocol { get; }

    /// <summary>What it carries.</summary>
    public StreamClass Class => _inner.Class;

    /// <summary>Says that the stream is the line of another connection: what it carries is not urgent by itself.</summary>
    internal void BecomeTunnel() => _inner.IsTunnel = true;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => _answerOwed ? ReadFirstAsync(buffer, cancellationToken) : _inner.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        => _proposed is null or { Task.IsCompletedSuccessfully: true } ? _inner.WriteAsync(buffer, cancellationToken) : WriteFirstAsync(_proposed, buffer, cancellationToken);

    /// <summary>Says that no more will be written. Reading goes on.</summary>
    /// <remarks>
    /// On a stream that was opened here it waits until the peer has agreed on the protocol: js-libp2p 3.3 resets a stream whose end comes together with its opening.
    /// So a request without an answer is known to have met a peer that speaks the protocol.
    /// </remarks>
    /// <param name="cancellationToken">Safe; the stream is then not finished.</param>
    /// <exception cref="P2PException"><see cref="P2PError.ProtocolNotSupported"/>, <see cref="P2PError.StreamReset"/>, <see cref="P2PError.ConnectionClosed"/>, or
    /// <see cref="P2PError.TimedOut"/>: no agreement within <see cref="P2PLimits.NegotiationTimeout"/>; the stream is reset.</exception>
    public async ValueTask CloseWriteAsync(CancellationToken cancellationToken = default)
    {
        if (_proposed is not null)
        {
            await FlushAsync(cancellationToken);
            await AnswerAsync(_proposed).WaitAsync(cancellationToken);
        }

        await _inner.CloseWriteAsync();
    }

    /// <summary>Ends the stream at once in both directions.</summary>
    public void Reset() => _inner.Reset();

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_proposed is not null)
        {
            await ProposeAsync(_proposed, cancellationToken);
            await _proposed.Task.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _inner.Dispose();
            _onDisposed?.Invoke(this);
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadFirstAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await AnswerAsync(_proposed!).WaitAsync(cancellationToken);
        return await _inner.ReadAsync(buffer, cancellationToken);
    }

    // Whoever comes first, a reader or the one who ends writing, reads the answer; the other waits for it.
    private Task AnswerAsync(TaskCompletionSource proposed)
    {
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _answer, mine, null) is { } earlier)
        {
            return earlier.Task;
        }

        _ = ReadAnswerAsync(proposed, mine);
        return mine.Task;
    }

    private async Task ReadAnswerAsync(TaskCompletionSource proposed, TaskCompletionSource answer)
    {
        // A peer that never answers must not keep the stream, and by it the connection, for ever: whoever waits may have no bound of its own.
        using var timeout = new CancellationTokenSource(Connection.NegotiationTimeout, Connection.Time);
        try
        {
            // If a writer sends the proposal, there is no waiting for it: its request may be long, and the answer comes before its end.
            await ProposeAsync(proposed, timeout.Token);
            await MultistreamSelect.ReadOptimisticAnswerAsync(_inner, Protocol, timeout.Token);
            _answerOwed = false;
            answer.TrySetResult();
        }
        catch (Exception fault)
        {
            _inner.Reset();
            answer.TrySetException(fault switch
            {
                ObjectDisposedException => new P2PException(P2PError.StreamReset, "The stream was disposed here.", fault),
                OperationCanceledException => new P2PException(P2PError.TimedOut, $"{Peer} did not answer the proposal of {Protocol} within {Connection.NegotiationTimeout.TotalSeconds:0.#} s; the stream was reset.", fault),
                _ => fault,
            });
            _ = answer.Task.Exception;
        }
    }

    // Sends the proposal alone, unless somebody has taken it.
    private async ValueTask ProposeAsync(TaskCompletionSource proposed, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _proposal, null) is { } proposal)
        {
            await SendFirstAsync(proposed, proposal, cancellationToken);
        }
    }

    private async ValueTask WriteFirstAsync(TaskCompletionSource proposed, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _proposal, null) is not { } proposal)
        {
            // A reader is sending it.
            await proposed.Task.WaitAsync(cancellationToken);
            await _inner.WriteAsync(buffer, cancellationToken);
            return;
        }

        // One write, so that one frame carries opening, proposal and request.
        var joined = ArrayPool<byte>.Shared.Rent(proposal.Length + buffer.Length);
        try
        {
            proposal.CopyTo(joined, 0);
            buffer.CopyTo(joined.AsMemory(proposal.Length));
            await SendFirstAsync(proposed, joined.AsMemory(0, proposal.Length + buffer.Length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    private async ValueTask SendFirstAsync(TaskCompletionSource proposed, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _inner.WriteAsync(bytes, cancellationToken);
            proposed.TrySetResult();
        }
        catch (Exception fault)
        {
            // Seen by whoever waits; nobody need.
            proposed.TrySetException(fault);
            _ = proposed.Task.Exception;
            throw;
        }
    }
}
