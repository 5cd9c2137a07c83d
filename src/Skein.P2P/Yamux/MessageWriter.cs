using Skein.P2P.Errors;
using Skein.P2P.Noise;

namespace Skein.P2P.Yamux;

/// <summary>Sends what waits in one session, one encrypted message after the other: on the caller's thread while the socket takes everything at once, else in a loop of its own. Thread-safe.</summary>
/// <remarks>Whoever has set the mark of writing is the writer, and the only one.</remarks>
internal sealed class MessageWriter(SessionState session, NoiseChannel channel, OutgoingFrames outgoing, Action<P2PException> fail) : IAsyncDisposable
{
    // Messages that a caller sends for others before the loop takes over.
    private const int InlineMessages = 8;

    // Bulk frames that share a message while the socket takes everything at once; one if it does not.
    private const int FastBulkFrames = 3;

    private readonly Lock _gate = session.Gate;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;

    // Guarded by the lock.
    private bool _writing;

    // Owned by whoever writes.
    private ValueTask _sending;
    private bool _sendPending;
    private int _bulkFrames = FastBulkFrames;

    /// <summary>Ends when everything is sent after we said that we go.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Whether nobody is inside the socket's call, where the channel's buffer is in use. Under the lock.</summary>
    public bool IsIdle => !_writing;

    public void Start() => _loop = RunAsync();

    /// <summary>Sends what is queued, unless somebody does already. Called without the lock.</summary>
    public void Kick()
    {
        lock (_gate)
        {
            if (_writing || session.Fault is not null || outgoing.IsEmpty)
            {
                return;
            }

            _writing = true;
        }

        for (var messages = 0; ; messages++)
        {
            if (messages == InlineMessages)
            {
                _signal.Release();
                return;
            }

            if (!TrySendNext())
            {
                return;
            }

            if (_sendPending)
            {
                _signal.Release();
                return;
            }
        }
    }

    /// <summary>Waits for the loop, which ends with the session.</summary>
    public async ValueTask DisposeAsync() => await _loop;

    // Takes over when a send does not end at once, until nothing is left.
    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(session.Ending);
                do
                {
                    if (_sendPending)
                    {
                        _sendPending = false;
                        await _sending;
                    }
                }
                while (TrySendNext());
            }
        }
        catch (OperationCanceledException) when (session.IsEnding)
        {
            // The session ends.
        }
        catch (Exception fault)
        {
            OnSendFailed(fault);
        }
    }

    // Fills and sends one message. False if there was nothing, or the connection failed: then nobody writes any more.
    private bool TrySendNext()
    {
        int length;
        bool drained;
        lock (_gate)
        {
            length = session.Fault is null ? outgoing.Fill(channel.Plaintext, _bulkFrames) : 0;
            if (length == 0)
            {
                _writing = false;
            }

            drained = length == 0 && session.GoAwaySent;
        }

        if (length == 0)
        {
            if (drained)
            {
                _drained.TrySetResult();
            }

            return false;
        }

        outgoing.CompleteFilled();
        try
        {
#pragma warning disable CA2012 // It is looked at when complete, and awaited by the loop otherwise.
            var sending = channel.SendAsync(length, session.Ending);
            _sendPending = !sending.IsCompletedSuccessfully;
            if (_sendPending)
            {
                _sending = sending;
            }
            else
            {
                sending.GetAwaiter().GetResult();
            }
#pragma warning restore CA2012

            _bulkFrames = _sendPending ? 1 : FastBulkFrames;
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            OnSendFailed(fault);
            return false;
        }
    }

    private void OnSendFailed(Exception fault)
    {
        lock (_gate)
        {
            _writing = false;
        }

        fail(fault as P2PException ?? new P2PException(P2PError.ConnectionClosed, "The connection was lost while sending.", fault));
    }
}
